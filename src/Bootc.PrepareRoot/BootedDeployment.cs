// Which deployment a boot link names.
using Bootc.Linux;
using Bootc.Ostree.Objects;

namespace Bootc.PrepareRoot;

/// <summary>The deployment that <c>ostree=</c> leads to.</summary>
/// <param name="Path">Its directory, relative to the physical root.</param>
/// <param name="Stateroot">The stateroot whose <c>/var</c> it has.</param>
/// <param name="Commit">The commit that it is a checkout of.</param>
internal sealed record BootedDeployment(string Path, string Stateroot, Checksum Commit)
{
    /// <summary>The stateroot's <c>/var</c>, relative to the physical root.</summary>
    public string VarPath => $"ostree/deploy/{Stateroot}/var";

    /// <summary>Follows the boot link that the kernel was given.</summary>
    /// <exception cref="PrepareRootException">There is no such argument, link or deployment.</exception>
    public static BootedDeployment Resolve(DirectoryHandle root, string commandLine)
    {
        string link = KernelCommandLine.GetValue(commandLine, "ostree")
            ?? throw new PrepareRootException("the kernel command line has no ostree= argument that names the deployment");
        string relative = FindLink(root, link.Trim('/')) ?? throw new PrepareRootException($"ostree={link}: there is no such boot link below {root}");

        // ostree/boot.0/STATEROOT/BOOTCSUM/0 -> ../../../deploy/STATEROOT/deploy/COMMIT.SERIAL
        string path = Normalize($"{relative[..(relative.LastIndexOf('/') + 1)]}{root.ReadSymbolicLink(relative)}", link);
        return At(root, path, $"ostree={link} leads to {path}, which");
    }

    /// <summary>The deployment in a directory.</summary>
    /// <param name="root">The physical root.</param>
    /// <param name="path">The directory, relative to it.</param>
    /// <exception cref="PrepareRootException">There is no deployment.</exception>
    public static BootedDeployment At(DirectoryHandle root, string path) => At(root, path, path);

    // There are two sets of links, and one of them is in force. A boot loader whose entries are elsewhere may name the one before,
    // which is removed when another program swaps them: with the same kernel, the same number in the other set is meant.
    private static string? FindLink(DirectoryHandle root, string named)
    {
        string? other = named.Split('/') switch
        {
            ["ostree", "boot.0", .. var rest] => $"ostree/boot.1/{string.Join('/', rest)}",
            ["ostree", "boot.1", .. var rest] => $"ostree/boot.0/{string.Join('/', rest)}",
            _ => null,
        };
        return new[] { named, other }.FirstOrDefault(link => link is not null && root.TryGetStatus(link) is { Kind: FileKind.SymbolicLink });
    }

    private static BootedDeployment At(DirectoryHandle root, string path, string whatItIs)
    {
        if (path.Split('/') is not ["ostree", "deploy", var stateroot, "deploy", var name]
            || !Checksum.TryParse(name.AsSpan(0, Math.Max(name.IndexOf('.'), 0)), out Checksum commit))
        {
            throw new PrepareRootException($"{whatItIs} is no deployment");
        }

        return root.TryGetStatus(path) is { Kind: FileKind.Directory }
            ? new BootedDeployment(path, stateroot, commit)
            : throw new PrepareRootException($"{whatItIs} is not there");
    }

    private static string Normalize(string path, string link)
    {
        var parts = new List<string>();
        foreach (string part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part == ".." && parts.Count == 0)
            {
                throw new PrepareRootException($"ostree={link} leads out of the root file system: {path}");
            }

            if (part == "..")
            {
                parts.RemoveAt(parts.Count - 1);
            }
            else if (part != ".")
            {
                parts.Add(part);
            }
        }

        return string.Join('/', parts);
    }
}
