// Services of packages are not started where they are installed.
using Bootc.Linux;

namespace Bootc.Layering;

/// <summary>Has a root say, while packages are installed, that no service may be started (Debian's policy-rc.d).</summary>
internal sealed class ServicePolicy : IDisposable
{
    private const string Name = "usr/sbin/policy-rc.d";

    private readonly string? _path;

    /// <param name="root">The path of the root.</param>
    public ServicePolicy(string root)
    {
        using DirectoryHandle directory = DirectoryHandle.Open(root);
        if (directory.TryOpenDirectory("usr/sbin") is { } folder && !directory.Exists(Name)) // unless the image has one of its own
        {
            folder.Dispose();
            directory.WriteAllBytesAtomically(Name, "#!/bin/sh\nexit 101\n"u8, 0x1ED, sync: false);
            _path = $"{root}/{Name}";
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_path is not null)
        {
            File.Delete(_path);
        }
    }
}
