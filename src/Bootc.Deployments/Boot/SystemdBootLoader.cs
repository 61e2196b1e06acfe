// systemd-boot: entries and kernels on the EFI system partition, where there are no links: which set of entries counts is
// decided by loader.conf, which is replaced last.
using System.Globalization;
using System.Text;
using Bootc.Linux;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Deployments.Boot;

/// <summary>
/// Keeps <c>loader/entries/ostree-VERSION-N[+LEFT-DONE].conf</c> and <c>ostree/STATEROOT-BOOTCSUM/</c> on the EFI system
/// partition like those in /boot. A file name with a counter is systemd-boot's automatic boot assessment
/// (https://systemd.io/AUTOMATIC_BOOT_ASSESSMENT/).
/// </summary>
internal sealed class SystemdBootLoader(EfiPartition partition) : IBootLoader
{
    private const string Entries = "loader/entries";
    private const string Configuration = "loader/loader.conf";
    private const string Kernels = "ostree";
    private const string Prefix = "ostree-";
    private const string Suffix = ".conf";
    private const string NewSuffix = ".new";
    private const int TimeoutSeconds = 2;

    public DirectoryHandle? KernelPartition => partition.Directory;

    private DirectoryHandle Root => partition.Directory;

    public void WriteBeside(DirectoryHandle loader, BootMenu menu)
    {
    }

    public bool Follow(DirectoryHandle boot, BootMenu menu)
    {
        bool changed = CopyKernels(boot, menu);
        changed |= IsInForce(menu) ? MendEntries(menu) : BringIntoForce(menu);
        changed |= RemoveOtherEntries(menu);
        changed |= RemoveOtherKernels(menu);
        if (changed)
        {
            Root.SyncFilesystem();
        }

        return changed;
    }

    public int? ReadTriesLeft(BootMenu menu) => FindEntry(NameOf(menu, menu.Deployments[0])) is { } file ? ParseTries(file) : null;

    public void Dispose() => partition.Dispose();

    // "ostree-1-2+0-3.conf" has none left.
    private static int? ParseTries(string file)
    {
        int plus = file.IndexOf('+');
        if (plus < 0)
        {
            return null;
        }

        string left = file[(plus + 1)..^Suffix.Length].Split('-')[0];
        return int.TryParse(left, NumberStyles.None, CultureInfo.InvariantCulture, out int tries) ? tries : null;
    }

    // Without counter and suffix.
    private static string NameOf(BootMenu menu, Deployment deployment) => $"{Prefix}{menu.Version}-{deployment.Entry.Version}";

    private static bool IsNamed(string file, string name) =>
        file.StartsWith(name, StringComparison.Ordinal) && file.EndsWith(Suffix, StringComparison.Ordinal) && (file.Length == name.Length + Suffix.Length || file[name.Length] == '+');

    private static byte[] Content(Deployment deployment)
    {
        BootEntry entry = deployment.Entry.Clone();
        entry.RenameFiles(path => "/" + PathOf(path));
        return Encoding.UTF8.GetBytes(entry.ToString());
    }

    // Below /boot, and below the partition alike.
    private static string PathOf(string path) => (path.StartsWith("/boot/", StringComparison.Ordinal) ? path["/boot".Length..] : path).TrimStart('/');

    private static byte[] MakeConfiguration(BootMenu menu) =>
        Encoding.UTF8.GetBytes($"# Made with the boot entries; changes are lost with the next deployment.\ntimeout {TimeoutSeconds}\ndefault {Prefix}{menu.Version}-*\n");

    private static IEnumerable<string> FilesOf(BootMenu menu) => menu.Deployments.SelectMany(deployment => deployment.Entry.Files).Select(PathOf).Distinct();

    // Where there is no room for one more, what the menu has no deployment for gives way first, unless nothing else could boot.
    private bool CopyKernels(DirectoryHandle boot, BootMenu menu)
    {
        try
        {
            return CopyMissingKernels(boot, menu);
        }
        catch (LinuxException e) when (e.Error == Errno.ENOSPC && RemoveEntriesOfOthers(menu))
        {
            RemoveOtherKernels(menu);
            Root.SyncFilesystem();
            return CopyMissingKernels(boot, menu);
        }
    }

    private bool RemoveEntriesOfOthers(BootMenu menu)
    {
        HashSet<string> needed = [.. FilesOf(menu)];
        using DirectoryHandle entries = Root.EnsureDirectory(Entries);
        ILookup<bool, string> files = entries.List().Select(entry => entry.Name)
            .Where(file => file.StartsWith(Prefix, StringComparison.Ordinal) && file.EndsWith(Suffix, StringComparison.Ordinal))
            .ToLookup(file => BootEntry.Parse(Encoding.UTF8.GetString(entries.ReadAllBytes(file))).Files.Select(PathOf).All(path => needed.Contains(path) && Root.Exists(path)));
        if (!files[true].Any() || !files[false].Any())
        {
            return false;
        }

        foreach (string file in files[false])
        {
            entries.RemoveFile(file);
        }

        Root.SyncFilesystem(); // before the kernels go that they name
        return true;
    }

    private bool CopyMissingKernels(DirectoryHandle boot, BootMenu menu)
    {
        bool changed = false;
        foreach (string path in FilesOf(menu))
        {
            if (Root.TryGetStatus(path)?.Size != boot.GetStatus(path).Size)
            {
                using SafeFileHandle content = boot.OpenFile(path);
                partition.Copy(content, path);
                changed = true;
            }
        }

        return changed;
    }

    private bool IsInForce(BootMenu menu) => Root.HasContent(Configuration, MakeConfiguration(menu));

    private bool BringIntoForce(BootMenu menu)
    {
        using DirectoryHandle entries = Root.EnsureDirectory(Entries);
        foreach (DirectoryEntry left in entries.List().Where(file => file.Name.StartsWith($"{Prefix}{menu.Version}-", StringComparison.Ordinal)))
        {
            entries.RemoveFile(left.Name); // of a run that was killed
        }

        foreach (Deployment deployment in menu.Deployments)
        {
            partition.Replace($"{Entries}/{NameOf(menu, deployment)}{CounterFor(menu, deployment)}{Suffix}", Content(deployment));
        }

        Root.SyncFilesystem();
        partition.Replace(Configuration, MakeConfiguration(menu));
        Root.SyncFilesystem();
        return true;
    }

    private static string CounterFor(BootMenu menu, Deployment deployment) =>
        menu.IsFirstOnTrial && deployment == menu.Deployments[0] ? $"+{BootMenu.Tries}" : "";

    // What counts already is changed only where it is wrong.
    private bool MendEntries(BootMenu menu)
    {
        bool changed = false;
        foreach (Deployment deployment in menu.Deployments)
        {
            string? file = FindEntry(NameOf(menu, deployment));
            string wanted = NameFor(menu, deployment, file);
            if (file is not null && file != wanted)
            {
                Root.Rename($"{Entries}/{file}", Root, $"{Entries}/{wanted}");
                changed = true;
            }

            byte[] content = Content(deployment);
            if (!Root.HasContent($"{Entries}/{wanted}", content))
            {
                partition.Replace($"{Entries}/{wanted}", content);
                changed = true;
            }
        }

        return changed;
    }

    // A counter goes when its deployment is not on trial any more, and begins anew with another deployment.
    private string NameFor(BootMenu menu, Deployment deployment, string? file)
    {
        string counter = CounterFor(menu, deployment);
        bool isCounted = file is not null && ParseTries(file) is not null;
        bool goesOn = counter.Length > 0 && file is not null && (isCounted || deployment.IsBooted) && HasOptionsOf(file, deployment);
        return goesOn ? file! : $"{NameOf(menu, deployment)}{counter}{Suffix}";
    }

    private bool HasOptionsOf(string file, Deployment deployment) =>
        BootEntry.Parse(Encoding.UTF8.GetString(Root.ReadAllBytes($"{Entries}/{file}"))).Options == deployment.Entry.Options;

    private string? FindEntry(string name)
    {
        using DirectoryHandle? entries = Root.TryOpenDirectory(Entries);
        return entries?.List().Select(entry => entry.Name).FirstOrDefault(file => IsNamed(file, name));
    }

    private bool RemoveOtherEntries(BootMenu menu)
    {
        string[] names = [.. menu.Deployments.Select(deployment => NameOf(menu, deployment))];
        using DirectoryHandle entries = Root.EnsureDirectory(Entries);
        string[] others = [.. entries.List().Select(entry => entry.Name).Where(file =>
            file.StartsWith(Prefix, StringComparison.Ordinal)
            && (file.EndsWith(Suffix, StringComparison.Ordinal) || file.EndsWith(Suffix + NewSuffix, StringComparison.Ordinal))
            && !Array.Exists(names, name => IsNamed(file, name)))];
        foreach (string file in others)
        {
            entries.RemoveFile(file);
        }

        return others.Length > 0;
    }

    private bool RemoveOtherKernels(BootMenu menu)
    {
        HashSet<string> needed = [.. FilesOf(menu)];
        bool changed = false;
        using DirectoryHandle? kernels = Root.TryOpenDirectory(Kernels);
        foreach (string folder in (kernels?.List() ?? []).Select(entry => entry.Name))
        {
            if (!needed.Any(path => path.StartsWith($"{Kernels}/{folder}/", StringComparison.Ordinal)))
            {
                kernels!.RemoveTree(folder);
                changed = true;
                continue;
            }

            using DirectoryHandle files = kernels!.OpenDirectory(folder);
            foreach (string name in files.List().Select(entry => entry.Name).Where(name => !needed.Contains($"{Kernels}/{folder}/{name}")))
            {
                files.RemoveTree(name);
                changed = true;
            }
        }

        return changed;
    }
}
