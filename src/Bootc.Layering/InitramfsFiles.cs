// Files of the host's /etc that its initramfs has besides what the image put there.
using System.Security.Cryptography;
using System.Text;
using Bootc.Deployments;
using Bootc.Linux;

namespace Bootc.Layering;

/// <summary>Gathers what of the host's <c>/etc</c> goes into an initramfs.</summary>
internal static class InitramfsFiles
{
    private const string Etc = "/etc/";

    // What dracut, and the programs that it takes along, are told by files.
    private static readonly string[] Settings =
    [
        "dracut.conf", "dracut.conf.d", "cmdline", "cmdline.d", "modprobe.d", "modules-load.d", "sysctl.d", "udev", "crypttab", "fstab", "vconsole.conf",
        "locale.conf", "lvm", "mdadm.conf", "mdadm", "multipath.conf", "iscsi", "plymouth",
    ];

    /// <summary>What stands for all of these files; empty when none is wanted.</summary>
    /// <param name="wish">Says which.</param>
    /// <param name="etc">The path of the host's <c>/etc</c>, if it has one yet.</param>
    /// <exception cref="LayeringException">One is not there.</exception>
    public static string Hash(InitramfsWish wish, string? etc)
    {
        if (wish.IsEmpty)
        {
            return "";
        }

        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{wish.Regenerate}\n{string.Join('\n', wish.Regenerate ? wish.Arguments : [])}\n"));
        hash.AppendData(Archive(wish, etc));
        if (wish.Regenerate && etc is not null)
        {
            using DirectoryHandle directory = DirectoryHandle.Open(etc);
            var archive = new NewcArchive();
            foreach (string path in SettingsOf(wish).Where(directory.Exists))
            {
                Add(archive, directory, path);
            }

            hash.AppendData(archive.ToArray());
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Which of the files and directories that dracut goes by a host has otherwise than an image, relative to <c>/etc</c>.</summary>
    /// <param name="wish">Says which further ones there are.</param>
    /// <param name="etc">The path of the host's <c>/etc</c>.</param>
    /// <param name="imageEtc">The path of the image's.</param>
    public static IEnumerable<string> FindChangedSettings(InitramfsWish wish, string etc, string imageEtc)
    {
        using DirectoryHandle host = DirectoryHandle.Open(etc);
        using DirectoryHandle image = DirectoryHandle.Open(imageEtc);
        return [.. SettingsOf(wish).Distinct().Where(path => !Read(host, path).AsSpan().SequenceEqual(Read(image, path)))];
    }

    private static byte[] Read(DirectoryHandle directory, string path)
    {
        var archive = new NewcArchive();
        if (directory.Exists(path))
        {
            Add(archive, directory, path);
        }

        return archive.ToArray();
    }

    private static IEnumerable<string> SettingsOf(InitramfsWish wish) =>
        Settings.Concat(wish.Arguments.Where(argument => argument.StartsWith(Etc, StringComparison.Ordinal)).Select(argument => argument[Etc.Length..]));

    /// <summary>The archive with the files that are wanted, as the kernel unpacks it; empty when none is.</summary>
    /// <inheritdoc cref="Hash"/>
    public static byte[] Archive(InitramfsWish wish, string? etc)
    {
        if (wish.Files.Count == 0)
        {
            return [];
        }

        var archive = new NewcArchive();
        using DirectoryHandle? directory = etc is null ? null : DirectoryHandle.Open(etc);
        foreach (string file in wish.Files.Order(StringComparer.Ordinal))
        {
            string path = Require(file);
            if (directory?.Exists(path) != true)
            {
                throw new LayeringException($"the initramfs is to have {file}, and the host has no such file: 'bootc initramfs-etc --untrack {file}' does without it");
            }

            AddParents(archive, directory, path);
            Add(archive, directory, path);
        }

        return archive.ToArray();
    }

    /// <summary>The path of a file in <c>/etc</c>, relative to it.</summary>
    /// <exception cref="LayeringException">It is not there.</exception>
    public static string Require(string file)
    {
        bool isPlain = file.StartsWith(Etc, StringComparison.Ordinal) && file.Length > Etc.Length && !file.Contains(';') && file == Path.GetFullPath(file);
        return isPlain ? file[Etc.Length..] : throw new LayeringException($"'{file}' is no path of a file in /etc, which is what an initramfs can be given");
    }

    private static void AddParents(NewcArchive archive, DirectoryHandle directory, string path)
    {
        archive.AddDirectory("etc", directory.GetStatus());
        for (int slash = path.IndexOf('/'); slash > 0; slash = path.IndexOf('/', slash + 1))
        {
            archive.AddDirectory($"etc/{path[..slash]}", directory.GetStatus(path[..slash]));
        }
    }

    private static void Add(NewcArchive archive, DirectoryHandle directory, string path)
    {
        FileStatus status = directory.GetStatus(path);
        switch (status.Kind)
        {
            case FileKind.Directory:
                archive.AddDirectory($"etc/{path}", status);
                using (DirectoryHandle below = directory.OpenDirectory(path))
                {
                    foreach (DirectoryEntry entry in below.List().OrderBy(entry => entry.Name, StringComparer.Ordinal))
                    {
                        Add(archive, directory, $"{path}/{entry.Name}");
                    }
                }

                break;
            case FileKind.SymbolicLink:
                archive.AddSymbolicLink($"etc/{path}", status, directory.ReadSymbolicLink(path));
                break;
            case FileKind.Regular:
                archive.AddFile($"etc/{path}", status, directory.ReadAllBytes(path));
                break;
            default:
                break; // sockets and the like are nothing to keep
        }
    }
}
