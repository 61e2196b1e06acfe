// Services of packages are not started where they are installed.
namespace Bootc.Layering;

/// <summary>Has a root say, while packages are installed, that no service may be started (Debian's policy-rc.d).</summary>
internal sealed class ServicePolicy : IDisposable
{
    private const UnixFileMode Executable = (UnixFileMode)0x1ED;

    private readonly string? _path;

    public ServicePolicy(string root)
    {
        string path = $"{root}/usr/sbin/policy-rc.d";
        if (File.Exists(path))
        {
            return; // the image has one of its own
        }

        File.WriteAllText(path, "#!/bin/sh\nexit 101\n");
        File.SetUnixFileMode(path, Executable);
        _path = path;
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
