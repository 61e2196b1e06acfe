// The SELinux policy that an image brings along.
using Bootc.Linux;
using Bootc.Ostree;
using Bootc.Ostree.GVariant;
using Bootc.Ostree.Objects;
using Bootc.Ostree.SELinux;

namespace Bootc.Import.SELinux;

/// <summary>Finds the file contexts of the policy that <c>/etc/selinux/config</c> of a tree names.</summary>
public static class SELinuxPolicy
{
    private const int MaximumSize = 64 * 1024 * 1024; // of all its files

    /// <summary>Whether a tree has what a policy is found by; nothing but directories is looked at.</summary>
    public static bool MayBeIn(MutableTree root) => FolderIn(root)?.TryGetFile("config") is not null;

    /// <summary>The file contexts of a tree's policy, or <see langword="null"/> where it has none or SELinux is disabled in it.</summary>
    /// <param name="repository">Where the tree's objects are.</param>
    /// <param name="root">The tree, in ostree's layout.</param>
    /// <exception cref="OstreeException">An object cannot be read, or the policy is malformed.</exception>
    public static FileContexts? TryLoad(Repository repository, MutableTree root)
    {
        if (FolderIn(root) is not { } selinux
            || TryRead(repository, selinux, "config") is not { } config
            || TryGetName(config) is not { } name
            || selinux.TryGetDirectory(name)?.TryGetDirectory("contexts")?.TryGetDirectory("files") is not { } folder)
        {
            return null;
        }

        Dictionary<string, byte[]> files = [];
        foreach (string file in FileContexts.PatternFiles.Concat(FileContexts.SubstitutionFiles))
        {
            if (TryRead(repository, folder, file) is { } content)
            {
                files.Add(file, content);
            }
        }

        return files.ContainsKey(FileContexts.PatternFiles[0]) ? FileContexts.Parse(files) : null;
    }

    /// <summary>The file contexts of a commit's policy, for those who do without where it has none or something in it is damaged.</summary>
    public static FileContexts? TryLoad(Repository repository, Checksum commit)
    {
        try
        {
            return TryLoad(repository, MutableTree.FromCommit(repository, commit));
        }
        catch (Exception e) when (e is OstreeException or LinuxException or GVariantException)
        {
            return null;
        }
    }

    /// <summary>The directory of a tree that has its policies.</summary>
    public static MutableTree? FolderIn(MutableTree root) => root.TryGetDirectory("usr")?.TryGetDirectory("etc")?.TryGetDirectory("selinux");

    // As libostree reads it: enforcing and permissive systems have labels.
    private static string? TryGetName(byte[] config)
    {
        string? name = null;
        bool isEnabled = false;
        foreach (string line in System.Text.Encoding.Latin1.GetString(config).Split('\n'))
        {
            if (line.StartsWith("SELINUXTYPE=", StringComparison.Ordinal))
            {
                name = line["SELINUXTYPE=".Length..].Trim();
            }
            else if (line.StartsWith("SELINUX=", StringComparison.Ordinal))
            {
                string state = line["SELINUX=".Length..].Trim();
                isEnabled = state.StartsWith("enforcing", StringComparison.OrdinalIgnoreCase) || state.StartsWith("permissive", StringComparison.OrdinalIgnoreCase);
            }
        }

        return isEnabled && !string.IsNullOrEmpty(name) ? name : null;
    }

    private static byte[]? TryRead(Repository repository, MutableTree folder, string name)
    {
        if (folder.TryGetFile(name) is not { } file || repository.LoadFileHeader(file) is not { Header.IsSymbolicLink: false } found)
        {
            return null;
        }

        if (found.Size > MaximumSize)
        {
            throw new OstreeException($"the SELinux policy's {name} has {found.Size} bytes, more than the {MaximumSize} that are read");
        }

        byte[] content = new byte[found.Size];
        using Stream stream = repository.OpenFileContent(file);
        stream.ReadExactly(content);
        return content;
    }
}
