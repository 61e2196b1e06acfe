// GRUB: a grub.cfg beside the boot entries, swapped with them, and a counter of tries on the EFI system partition.
using System.Globalization;
using System.Text;
using Bootc.Linux;

namespace Bootc.Deployments.Boot;

/// <summary>
/// Writes <c>loader.N/grub.cfg</c>, as libostree's back end for GRUB has it made, but without GRUB's own tools. What starts
/// GRUB sets <c>root</c> to the file system with /boot, and <c>bootc_esp</c> to that with <see cref="EnvironmentPath"/>.
/// </summary>
/// <param name="partition">The EFI system partition; <see langword="null"/> where it cannot be reached: tries are not counted then.</param>
/// <param name="warn">Is told when the partition takes no counter: then tries are not counted either, and all else is done.</param>
internal sealed class GrubLoader(EfiPartition? partition, Action<string> warn) : IBootLoader
{
    /// <summary>GRUB's environment block, on the EFI system partition: GRUB can write there whatever /boot is on.</summary>
    public const string EnvironmentPath = "EFI/bootc/grubenv";

    /// <summary>In /boot, the menu for when there is none beside the boot entries.</summary>
    public const string FallbackName = "grub-fallback.cfg";

    private const string MenuName = "grub.cfg";
    private const string IdVariable = "boot_counted";
    private const string CounterVariable = "boot_counter";
    private const int TimeoutSeconds = 2;

    public DirectoryHandle? KernelPartition => null;

    public void WriteBeside(DirectoryHandle loader, BootMenu menu) => WriteMenu(loader, menu, Content(menu), sync: false);

    public bool Follow(DirectoryHandle boot, BootMenu menu)
    {
        bool changed = MendMenu(boot, menu) | MendFallback(boot, menu);
        return (!menu.IsFirstOnTrial && WithPartition(ClearCounter)) || changed;
    }

    public int? ReadTriesLeft(BootMenu menu)
    {
        if (!menu.IsFirstOnTrial)
        {
            return null;
        }

        GrubEnvironment environment = WithPartition(ReadEnvironment) ?? GrubEnvironment.Parse(null);
        return environment.Get(IdVariable) == menu.Deployments[0].DirectoryName
            && int.TryParse(environment.Get(CounterVariable), NumberStyles.None, CultureInfo.InvariantCulture, out int tries) ? tries : null;
    }

    public void Dispose() => partition?.Dispose();

    /// <summary>Says that tries are not counted.</summary>
    internal static string DescribeLoss(LinuxException reason) => $"boots of new deployments are not counted, so that none is given up by itself: {reason.Message}";

    /// <summary>The configuration for a menu.</summary>
    internal static string MakeConfig(BootMenu menu)
    {
        var text = new StringBuilder("# Made with the boot entries beside it; changes are lost with the next deployment.\n");
        text.Append(CultureInfo.InvariantCulture, $"set default=0\nset timeout={TimeoutSeconds}\n");
        if (menu.IsFirstOnTrial)
        {
            AppendCounter(text, menu.Deployments[0].DirectoryName);
        }

        foreach (Deployment deployment in menu.Deployments)
        {
            AppendEntry(text, deployment);
        }

        return text.ToString();
    }

    private static byte[] Content(BootMenu menu) => Encoding.UTF8.GetBytes(MakeConfig(menu));

    // Entries that libostree wrote have no menu beside them.
    private bool MendMenu(DirectoryHandle boot, BootMenu menu)
    {
        using DirectoryHandle? loader = boot.TryOpenDirectory($"loader.{menu.Version}");
        byte[] content = Content(menu);
        if (loader is null || loader.HasContent(MenuName, content))
        {
            return false;
        }

        WriteMenu(loader, menu, content, sync: true);
        loader.SyncFilesystem();
        return true;
    }

    // Between libostree's swap and the menu that follows there is none: this one still boots what is in both.
    private static bool MendFallback(DirectoryHandle boot, BootMenu menu)
    {
        byte[] content = Encoding.UTF8.GetBytes("set fallback=1\n" + MakeConfig(menu with { IsFirstOnTrial = false }));
        if (menu.Deployments.Count == 0 || boot.HasContent(FallbackName, content))
        {
            return false;
        }

        boot.WriteAllBytesAtomically(FallbackName, content);
        return true;
    }

    private void WriteMenu(DirectoryHandle loader, BootMenu menu, byte[] content, bool sync)
    {
        // The menu in force does not know the new deployment's name, so that this has no effect before the new menu is there.
        if (menu.IsFirstOnTrial)
        {
            WithPartition(esp => WriteCounter(esp, menu.Deployments[0], BootMenu.Tries));
        }

        loader.WriteAllBytesAtomically(MenuName, content, sync: sync);
    }

    // GRUB's script language cannot subtract.
    private static void AppendCounter(StringBuilder text, string id)
    {
        text.Append("if [ -n \"$bootc_esp\" ]; then\n");
        text.Append(CultureInfo.InvariantCulture, $"  load_env --file ($bootc_esp)/{EnvironmentPath} {IdVariable} {CounterVariable}\n");
        text.Append(CultureInfo.InvariantCulture, $"  if [ \"${IdVariable}\" = \"{id}\" ]; then\n");
        text.Append(CultureInfo.InvariantCulture, $"    if [ \"${CounterVariable}\" = 0 ]; then\n      set default=1\n    else\n");
        for (int tries = BootMenu.Tries; tries > 0; tries--)
        {
            text.Append(CultureInfo.InvariantCulture, $"      {(tries == BootMenu.Tries ? "if" : "elif")} [ \"${CounterVariable}\" = {tries} ]; then set {CounterVariable}={tries - 1}\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"      fi\n      save_env --file ($bootc_esp)/{EnvironmentPath} {IdVariable} {CounterVariable}\n");
        text.Append("    fi\n  fi\nfi\n");
    }

    private static void AppendEntry(StringBuilder text, Deployment deployment)
    {
        BootEntry entry = deployment.Entry;
        text.Append(CultureInfo.InvariantCulture, $"menuentry {Quote(entry.Title ?? "")} --id {Quote(deployment.DirectoryName)} {{\n");
        text.Append(CultureInfo.InvariantCulture, $"  linux {PathOf(entry.Linux!)} {string.Join(' ', KernelArguments.Parse(entry.Options).Words.Select(QuoteArgument))}\n");
        string[] initrds = [.. entry.Initrds.Select(PathOf)];
        if (initrds.Length > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"  initrd {string.Join(' ', initrds)}\n");
        }

        if (entry.Get("devicetree") is { } tree)
        {
            text.Append(CultureInfo.InvariantCulture, $"  devicetree {PathOf(tree)}\n");
        }

        text.Append("}\n");
    }

    // /boot has a link to itself by this name, so that the path holds on a file system of its own as well.
    private static string PathOf(string path) => Quote($"/boot{(path.StartsWith("/boot/", StringComparison.Ordinal) ? path["/boot".Length..] : path)}");

    // GRUB hands a quote on with a backslash before it, which the kernel does not know; it puts quotes of its own around what has spaces.
    private static string QuoteArgument(string word) => Quote(word.Replace("\"", "", StringComparison.Ordinal));

    private static string Quote(string word) =>
        word.AsSpan().IndexOfAnyExcept("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-=,:+@%") < 0 && word.Length > 0
            ? word
            : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    // What is booted does not depend on the partition, which may be full, read-only or damaged.
    private T? WithPartition<T>(Func<EfiPartition, T> action)
    {
        try
        {
            return partition is null ? default : action(partition);
        }
        catch (LinuxException e)
        {
            warn(DescribeLoss(e));
            return default;
        }
    }

    private static bool WriteCounter(EfiPartition esp, Deployment deployment, int tries)
    {
        GrubEnvironment environment = ReadEnvironment(esp);
        if (environment.Get(IdVariable) == deployment.DirectoryName)
        {
            return false; // its tries are being counted
        }

        environment.Set(IdVariable, deployment.DirectoryName);
        environment.Set(CounterVariable, tries.ToString(CultureInfo.InvariantCulture));
        WriteEnvironment(esp, environment);
        return true;
    }

    private static bool ClearCounter(EfiPartition esp)
    {
        GrubEnvironment environment = ReadEnvironment(esp);
        if (environment.Get(IdVariable) is null)
        {
            return false;
        }

        environment.Set(IdVariable, null);
        environment.Set(CounterVariable, null);
        WriteEnvironment(esp, environment);
        return true;
    }

    private static GrubEnvironment ReadEnvironment(EfiPartition esp) => GrubEnvironment.Parse(esp.Directory.TryReadAllBytes(EnvironmentPath));

    private static void WriteEnvironment(EfiPartition esp, GrubEnvironment environment)
    {
        esp.Replace(EnvironmentPath, environment.ToBytes());
        esp.Directory.SyncFilesystem();
    }
}
