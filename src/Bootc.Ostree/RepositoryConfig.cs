// A repository's settings: its `config` file.
using System.Globalization;

namespace Bootc.Ostree;

/// <summary>A repository's settings (ostree.repo-config(5)); what is not known here is kept as it is.</summary>
public sealed class RepositoryConfig
{
    internal const string Integrity = "ex-integrity";
    internal const string VerityKey = "fsverity";

    private const string Core = "core";
    private const string OldVerity = "ex-fsverity";

    internal RepositoryConfig(KeyFile file, string path)
    {
        File = file;
        string? version = file.GetString(Core, "repo_version");
        if (version is not "1")
        {
            throw new RepositoryFormatException($"{path} is no ostree repository that this program can use: core.repo_version is {version ?? "missing"}, not 1");
        }

        Mode = ParseMode(file.GetString(Core, "mode") ?? "bare", path);
        DisableFsync = !(file.GetBoolean(Core, "fsync") ?? true);
        PerObjectFsync = file.GetBoolean(Core, "per-object-fsync") ?? false;
        Locking = file.GetBoolean(Core, "locking") ?? true;
        VerityWanted = ParseVerity(file);
    }

    /// <summary>All settings as they are written.</summary>
    public KeyFile File { get; }

    /// <summary><c>core.mode</c>.</summary>
    public RepositoryMode Mode { get; }

    /// <summary>Whether <c>core.fsync</c> is false: nothing is put on disk explicitly.</summary>
    public bool DisableFsync { get; }

    /// <summary><c>core.per-object-fsync</c>: each object is put on disk as it is written.</summary>
    public bool PerObjectFsync { get; }

    /// <summary><c>core.locking</c>.</summary>
    public bool Locking { get; }

    /// <summary><c>ex-integrity.fsverity</c>: objects are sealed as they are written: always, where possible, or not.</summary>
    public bool? VerityWanted { get; }

    /// <summary><c>core.min-free-space-size</c> or <c>-percent</c> (3 by default): what stays free, of a total, in bytes.</summary>
    public long ReservedBytes(long total)
    {
        if (File.GetString(Core, "min-free-space-size") is { } size)
        {
            return ParseSize(size);
        }

        string percent = File.GetString(Core, "min-free-space-percent") ?? "3";
        return int.TryParse(percent, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value <= 99
            ? total / 100 * value
            : throw new RepositoryFormatException($"core.min-free-space-percent is '{percent}', not a number from 0 to 99");
    }

    internal static string NameOf(RepositoryMode mode) => mode switch
    {
        RepositoryMode.Bare => "bare",
        RepositoryMode.BareUser => "bare-user",
        RepositoryMode.BareUserOnly => "bare-user-only",
        RepositoryMode.Archive => "archive-z2",
        RepositoryMode.BareSplitXattrs => "bare-split-xattrs",
        _ => throw new ArgumentOutOfRangeException(nameof(mode), mode, null),
    };

    private static RepositoryMode ParseMode(string mode, string path) => mode switch
    {
        "bare" => RepositoryMode.Bare,
        "bare-user" => RepositoryMode.BareUser,
        "bare-user-only" => RepositoryMode.BareUserOnly,
        "archive" or "archive-z2" => RepositoryMode.Archive,
        "bare-split-xattrs" => RepositoryMode.BareSplitXattrs,
        _ => throw new RepositoryFormatException($"the repository {path} has the unknown mode '{mode}'"),
    };

    // As libostree has it: composefs alone asks for fs-verity where it can be had, and the group's older name counts last.
    private static bool? ParseVerity(KeyFile file)
    {
        string composefs = ParseTristate(file.GetString(Integrity, "composefs")) == false ? "no" : "maybe";
        bool? wanted = ParseTristate(file.GetString(Integrity, VerityKey) ?? composefs);
        if (wanted != false || file.GetBoolean(OldVerity, "required") == true)
        {
            return wanted != false ? wanted : true;
        }

        return file.GetBoolean(OldVerity, "opportunistic") == true ? null : false;
    }

    // true: required; null: where the file system can; false: not at all.
    private static bool? ParseTristate(string? value) => value switch
    {
        "yes" or "true" or "1" => true,
        "maybe" => null,
        _ => false,
    };

    private static long ParseSize(string text)
    {
        long unit = text.Length < 3 || text[^1] != 'B' ? 0 : text[^2] switch { 'M' => 1L << 20, 'G' => 1L << 30, 'T' => 1L << 40, _ => 0 };
        return unit != 0 && long.TryParse(text.AsSpan(..^2), NumberStyles.None, CultureInfo.InvariantCulture, out long value) && value <= long.MaxValue / unit
            ? value * unit
            : throw new RepositoryFormatException($"core.min-free-space-size is '{text}', not a number with the unit MB, GB or TB");
    }
}
