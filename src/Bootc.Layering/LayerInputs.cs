// All that a derived commit depends on, in one number.
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Bootc.Deployments;
using Bootc.Ostree;
using Bootc.Ostree.Objects;

namespace Bootc.Layering;

/// <summary>Hashes the image, the wish, the settings that say where packages come from, and the lists that were fetched.</summary>
internal static class LayerInputs
{
    // Changed when the same inputs are to be looked at again.
    private const string Format = "1";

    /// <summary>The SHA-256 of all inputs, in hexadecimal; <see langword="null"/> where one cannot be read.</summary>
    /// <param name="image">The image's commit.</param>
    /// <param name="origin">Says what is wanted.</param>
    /// <param name="etc">The path of the host's <c>/etc</c>, if it has one yet.</param>
    /// <param name="system">The image's package system; <see langword="null"/> where no packages are wanted.</param>
    /// <param name="cache">The path of its cache.</param>
    public static string? TryHash(Checksum image, Origin origin, string? etc, IPackageSystem? system, string cache)
    {
        try
        {
            using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var wish = new KeyFile();
            origin.Packages.Write(wish);
            origin.Initramfs.Write(wish);
            Add(hash, $"{Format}\n{image}\n{wish}\n{InitramfsFiles.Hash(origin.Initramfs, etc)}\n");
            foreach (string folder in etc is null ? [] : system?.SettingsFolders ?? [])
            {
                AddFolder(hash, Path.Combine(etc!, folder), folder);
            }

            foreach (string list in system?.FindLists(cache) ?? [])
            {
                AddList(hash, new FileInfo(list), Path.GetRelativePath(cache, list));
            }

            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or LayeringException)
        {
            return null;
        }
    }

    private static void AddFolder(IncrementalHash hash, string folder, string name)
    {
        if (!Directory.Exists(folder))
        {
            return;
        }

        foreach (FileSystemInfo entry in new DirectoryInfo(folder).EnumerateFileSystemInfos().OrderBy(entry => entry.Name, StringComparer.Ordinal))
        {
            string path = $"{name}/{entry.Name}";
            if (entry is DirectoryInfo { LinkTarget: null })
            {
                AddFolder(hash, entry.FullName, path);
                continue;
            }

            byte[] content = File.Exists(entry.FullName) ? File.ReadAllBytes(entry.FullName) : [];
            Add(hash, $"{path} {entry.LinkTarget} {content.Length}\n");
            hash.AppendData(content);
        }
    }

    // What is signed says what all other lists are; of these it is enough that they were not fetched since.
    private static void AddList(IncrementalHash hash, FileInfo entry, string name)
    {
        FileInfo file = entry.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? entry;
        if (!file.Exists)
        {
            return;
        }

        Add(hash, $"{name} {file.Length}\n");
        if (name.EndsWith("Release", StringComparison.Ordinal) || name.EndsWith("repomd.xml", StringComparison.Ordinal))
        {
            hash.AppendData(File.ReadAllBytes(file.FullName));
        }
        else
        {
            Add(hash, file.LastWriteTimeUtc.Ticks.ToString(CultureInfo.InvariantCulture));
        }
    }

    private static void Add(IncrementalHash hash, string text) => hash.AppendData(Encoding.UTF8.GetBytes(text));
}
