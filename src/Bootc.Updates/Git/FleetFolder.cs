// The documents in a folder, as in a checkout of the repository.
using Bootc.Updates.Documents;

namespace Bootc.Updates.Git;

/// <summary>Reads the files of a folder and of those in it. Links are not followed: in the repository they would lead nowhere.</summary>
public static class FleetFolder
{
    /// <summary>Reads the files.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="faults">Takes what is wrong with files as such.</param>
    /// <exception cref="UpdatesException">It is no folder, or there are too many files.</exception>
    public static IReadOnlyList<FleetFile> Read(string folder, List<FleetFault> faults)
    {
        if (!Directory.Exists(folder))
        {
            throw new UpdatesException($"{folder} is no folder");
        }

        var files = new List<FleetFile>();
        long total = 0;
        foreach (FileSystemInfo entry in Walk(new DirectoryInfo(folder)).OrderBy(entry => entry.FullName, StringComparer.Ordinal))
        {
            string path = Path.Combine(folder, Path.GetRelativePath(folder, entry.FullName));
            if (entry.LinkTarget is not null)
            {
                faults.Add(At(path, "this is a symbolic link, and those are not followed"));
            }
            else if (entry is FileInfo { Length: > FleetFile.MaximumSize } large)
            {
                faults.Add(At(path, $"the file has {large.Length} bytes, more than the {FleetFile.MaximumSize} that are read"));
            }
            else
            {
                byte[] content = File.ReadAllBytes(path);
                total += content.Length;
                files.Add(files.Count < FleetFile.MaximumCount && total <= FleetFile.MaximumTotal ? new FleetFile(path, content)
                    : throw new UpdatesException($"{folder} has more than {FleetFile.MaximumCount} files, or {FleetFile.MaximumTotal} bytes, of documents"));
            }
        }

        return files;
    }

    internal static FleetFault At(string path, string message) => new(path, new DocumentFault(1, 1, true, message));

    // Files with documents, and links that would be such or lead to a folder with some.
    private static IEnumerable<FileSystemInfo> Walk(DirectoryInfo folder)
    {
        foreach (FileSystemInfo entry in folder.EnumerateFileSystemInfos().Where(entry => !entry.Name.StartsWith('.')))
        {
            bool isFolder = entry.Attributes.HasFlag(FileAttributes.Directory);
            if (entry.LinkTarget is not null ? isFolder || FleetFile.Is(entry.Name) : !isFolder && FleetFile.Is(entry.Name))
            {
                yield return entry;
            }
            else if (isFolder && entry.LinkTarget is null)
            {
                foreach (FileSystemInfo inner in Walk(new DirectoryInfo(entry.FullName)))
                {
                    yield return inner;
                }
            }
        }
    }
}
