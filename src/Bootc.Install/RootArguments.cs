// How a system that runs finds its root, for another one on the same root.
using Bootc.Deployments.Boot;
using Bootc.Linux;

namespace Bootc.Install;

/// <summary>What the kernel's arguments say of the root, as one on LVM or on an encrypted disk needs it: its UUID alone finds only what is unlocked.</summary>
/// <param name="Spec">The value of <c>root</c>.</param>
/// <param name="Others"><c>rootflags</c> and the initramfs' own arguments (<c>rd.*</c>).</param>
internal sealed record RootArguments(string Spec, IReadOnlyList<string> Others)
{
    /// <summary>Those of a kernel's command line, if that is about a certain file system.</summary>
    /// <param name="commandLine">The text of /proc/cmdline.</param>
    /// <param name="device">The device that has the file system.</param>
    /// <param name="uuid">The file system's UUID.</param>
    /// <returns><see langword="null"/> when it names no root, or another one.</returns>
    public static RootArguments? TryFind(string commandLine, string device, string uuid)
    {
        var arguments = KernelArguments.Parse(commandLine);
        return arguments.GetValue("root") is { } spec && IsOn(spec, device, uuid)
            ? new RootArguments(spec, [.. arguments.Words.Where(word => word.StartsWith("rootflags=", StringComparison.Ordinal) || word.StartsWith("rd.", StringComparison.Ordinal))])
            : null;
    }

    // As udev names devices; where udev does not run, the UUID still tells.
    private static bool IsOn(string spec, string device, string uuid)
    {
        string text = spec.Trim('"');
        if (text.Equals($"UUID={uuid}", StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        int equals = text.IndexOf('=');
        string path = (equals < 0 ? "" : text[..equals]) switch
        {
            "UUID" or "LABEL" or "PARTUUID" or "PARTLABEL" => $"/dev/disk/by-{text[..equals].ToLowerInvariant()}/{text[(equals + 1)..]}",
            _ => text,
        };
        return Resolve(path) == Resolve(device);
    }

    private static string Resolve(string path)
    {
        try
        {
            return File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        }
        catch (IOException)
        {
            return path;
        }
    }
}
