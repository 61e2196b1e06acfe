// Configuration files that may be links, as /dev/null is where one is masked.
using Bootc.Linux;

namespace Bootc.Deployments.Lint;

internal static class LinkedFile
{
    /// <summary>The content of a file of a directory, where a link leads as it would for a process of that root; <see langword="null"/> where it leads to no file.</summary>
    /// <param name="root">The root.</param>
    /// <param name="directory">The directory.</param>
    /// <param name="path">The directory's path from the root, without a slash before or after.</param>
    /// <param name="entry">The file or link.</param>
    public static byte[]? TryRead(DirectoryHandle root, DirectoryHandle directory, string path, DirectoryEntry entry)
    {
        DirectoryHandle? folder = null;
        try
        {
            for (int i = 0; i < 40; i++)
            {
                DirectoryHandle current = folder ?? directory;
                switch (current.TryGetStatus(entry.Name)?.Kind)
                {
                    case FileKind.Regular:
                        return current.ReadAllBytes(entry.Name);
                    case FileKind.SymbolicLink:
                        string target = current.ReadSymbolicLink(entry.Name);
                        target = target.StartsWith('/') ? target[1..] : $"{path}/{target}";
                        int slash = target.LastIndexOf('/');
                        path = slash < 0 ? "." : target[..slash];
                        entry = entry with { Name = target[(slash + 1)..] };
                        folder?.Dispose();
                        folder = root.TryOpenDirectoryAsRoot(path);
                        if (folder is null || entry.Name.Length == 0)
                        {
                            return null;
                        }

                        break;
                    default:
                        return null;
                }
            }

            return null;
        }
        finally
        {
            folder?.Dispose();
        }
    }
}
