// What root the initramfs is asked to make: prepare-root.conf and the kernel's arguments.
using Bootc.Linux;
using Bootc.Ostree;

namespace Bootc.PrepareRoot;

/// <summary>The settings of prepare-root.conf (ostree-prepare-root(1)) that decide what the root is.</summary>
internal sealed record PrepareRootConfig
{
    private const string FileName = "ostree/prepare-root.conf";
    private const string ComposefsArgument = "ostree.prepare-root.composefs";
    private const string DefaultKeyPath = "/etc/ostree/initramfs-root-binding.key";

    /// <summary>What is asked of composefs.</summary>
    public ComposefsDemand Composefs { get; init; }

    /// <summary>The file of the initramfs with the public keys, of which one must have signed the commit.</summary>
    public string KeyPath { get; init; } = DefaultKeyPath;

    /// <summary>The root can be written, and forgets at shutdown.</summary>
    public bool IsRootTransient { get; init; }

    /// <summary>The root has a layer that forgets at shutdown, but is mounted read-only.</summary>
    public bool IsRootTransientReadOnly { get; init; }

    /// <summary><c>/etc</c> starts from the image's defaults at each boot.</summary>
    public bool IsEtcTransient { get; init; }

    /// <summary>Whether <c>/sysroot</c> is mounted read-only; <see langword="null"/> leaves it to the repository's configuration.</summary>
    public bool? IsSysrootReadOnly { get; init; }

    /// <summary>Reads the configuration of an initramfs, keys in /etc over those in /usr/lib.</summary>
    /// <exception cref="PrepareRootException">A file or argument says something that is not understood.</exception>
    public static PrepareRootConfig Load(DirectoryHandle initramfs, string commandLine)
    {
        var file = new KeyFileOverlay();
        foreach (string directory in (string[])["usr/lib", "etc"])
        {
            string path = $"{directory}/{FileName}";
            if (initramfs.TryReadAllText(path) is { } text)
            {
                file.Add(Understand(path, () => KeyFile.Parse(text)));
            }
        }

        return Understand(FileName, () => Parse(file, commandLine));
    }

    private static PrepareRootConfig Parse(KeyFileOverlay file, string commandLine)
    {
        ComposefsDemand composefs = ParseDemand(file.GetValue("composefs", "enabled"), "composefs.enabled") ?? ComposefsDemand.No;
        if (ParseDemand(KernelCommandLine.GetValue(commandLine, ComposefsArgument), ComposefsArgument) is { } argument)
        {
            // The argument may do without signatures, but `yes` does not undo that the kernel is to check.
            composefs = argument == ComposefsDemand.Yes && composefs >= ComposefsDemand.Verity ? ComposefsDemand.Verity : argument;
        }

        bool isTransient = file.GetBoolean("root", "transient") ?? false;
        bool isTransientReadOnly = file.GetBoolean("root", "transient-ro") ?? false;
        if (isTransient && isTransientReadOnly)
        {
            throw new FormatException("root.transient and root.transient-ro exclude each other");
        }

        return new PrepareRootConfig
        {
            Composefs = composefs,
            KeyPath = file.GetValue("composefs", "keypath") ?? DefaultKeyPath,
            IsRootTransient = isTransient || isTransientReadOnly,
            IsRootTransientReadOnly = isTransientReadOnly,
            IsEtcTransient = file.GetBoolean("etc", "transient") ?? false,
            IsSysrootReadOnly = file.GetBoolean("sysroot", "readonly") ?? (composefs >= ComposefsDemand.Yes ? true : null),
        };
    }

    private static ComposefsDemand? ParseDemand(string? value, string name) => value?.Trim() switch
    {
        null => null,
        "signed" => ComposefsDemand.Signed,
        "verity" => ComposefsDemand.Verity,
        "yes" or "true" or "1" => ComposefsDemand.Yes,
        "maybe" => ComposefsDemand.Maybe,
        "no" or "false" or "0" => ComposefsDemand.No,
        string other => throw new FormatException($"{name} is '{other}', none of yes, maybe, no, verity and signed"),
    };

    private static T Understand<T>(string path, Func<T> parse)
    {
        try
        {
            return parse();
        }
        catch (FormatException e)
        {
            throw new PrepareRootException($"{path}: {e.Message}", e);
        }
    }

    // The last file that has a key decides it.
    private sealed class KeyFileOverlay
    {
        private readonly List<KeyFile> _files = [];

        public void Add(KeyFile file) => _files.Insert(0, file);

        public string? GetValue(string group, string key) => _files.Select(file => file.GetString(group, key)).FirstOrDefault(value => value is not null);

        public bool? GetBoolean(string group, string key) => _files.Select(file => file.GetBoolean(group, key)).FirstOrDefault(value => value is not null);
    }
}
