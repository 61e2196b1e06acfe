// Reads what dnf prints: it has no form of its transactions for programs that does not fetch the packages first.
using System.Globalization;
using System.Text.RegularExpressions;

namespace Bootc.Layering.Rpm;

/// <summary>Reads the tables and messages of dnf 5 and 4 (dnf5(8), dnf(8)) in the locale C.</summary>
internal static partial class DnfOutput
{
    /// <summary>What <c>dnf repoquery</c> is asked for: fields for <see cref="ParseFiles"/>.</summary>
    public const string FileFormat = "%{name}|%{epoch}:%{version}-%{release}|%{arch}|%{repoid}|%{downloadsize}|%{buildtime}\n";

    private static readonly string[] Boilerplate =
    [
        "Updating and loading", "Repositories loaded", "You can try to add", "(try to add", "  --", "Failed to resolve the transaction", "Total size of inbound",
        "After this operation", "Operation aborted", "Running transaction", "Transaction failed", "Test mode enabled", "Importing ", " UserID", " Userid", " Fingerprint", " From",
        "The key was successfully", ">>> Already downloaded", "--------", "Last metadata expiration check", "Complete!", "Dependencies resolved", "The downloaded packages were saved",
        "You can remove cached packages", "Warning: skipped OpenPGP checks", "Unable to detect release version", "Key imported successfully", "DNF will only download",
    ];

    /// <summary>What a transaction would do, by name.</summary>
    /// <remarks>
    /// Sections such as <c>Installing dependencies:</c> with rows of name, architecture, version, repository and size. Below the
    /// row of a new version dnf 5 has one of the old: <c>replacing NAME ARCH VERSION REPOSITORY SIZE</c>, and dnf 4 where the
    /// name is another: <c>replacing  NAME.ARCH VERSION</c>. Names that are too long have a line of their own in dnf 4.
    /// </remarks>
    public static List<DnfChange> ParseTransaction(string output)
    {
        var changes = new List<DnfChange>();
        PackageAction? action = null;
        string carried = "";
        foreach (string line in output.Split('\n'))
        {
            if (line.StartsWith("Transaction Summary", StringComparison.Ordinal))
            {
                break;
            }

            if (line.Length > 0 && line[0] != ' ')
            {
                action = line.EndsWith(':') ? ActionOf(line) : action;
                continue;
            }

            string[] words = $"{carried} {line}".Split(' ', StringSplitOptions.RemoveEmptyEntries);
            carried = words.Length == 1 && action is not null ? words[0] : "";
            if (action is { } what && words.Length > 2)
            {
                Add(changes, what, words);
            }
        }

        changes.Sort(static (a, b) => string.CompareOrdinal($"{a.Change.Name} {a.Change.Architecture}", $"{b.Change.Name} {b.Change.Architecture}"));
        return changes;
    }

    /// <summary>The sizes of packages' files in bytes, and what tells apart files of the same version, by <see cref="DnfChange.Key"/>.</summary>
    /// <param name="output">Lines of <see cref="FileFormat"/>.</param>
    public static Dictionary<string, (long Size, string Digest)> ParseFiles(string output)
    {
        var files = new Dictionary<string, (long, string)>();
        foreach (string line in output.Split('\n'))
        {
            if (line.Split('|') is [var name, var version, var architecture, var repository, var size, var built] && long.TryParse(size, CultureInfo.InvariantCulture, out long bytes))
            {
                files.TryAdd($"{name} {WithoutEpoch(version)} {architecture} {repository}", (bytes, $"built:{built.Trim()},size:{bytes}"));
            }
        }

        return files;
    }

    /// <summary>What a search found, each name once.</summary>
    /// <remarks>Lines <c>NAME.ARCH TAB SUMMARY</c> of dnf 5, <c>NAME.ARCH : SUMMARY</c> of dnf 4, below headers that say what matched.</remarks>
    public static List<FoundPackage> ParseSearch(string output) => [.. output.Split('\n')
        .Select(line => Found().Match(line))
        .Where(match => match.Success)
        .Select(match => new FoundPackage(match.Groups[1].Value, match.Groups[2].Value.Trim(), IsPresent: false))
        .DistinctBy(package => package.Name)];

    /// <summary>Whether a transaction cannot be; not, whether dnf ended because it was told to do nothing. The shell of dnf 4 says so by its messages alone.</summary>
    public static bool HasFailed(SandboxResult result) =>
        Failure().IsMatch(result.Error) || (result.ExitCode != 0 && !result.Messages("Operation aborted").Concat(result.Messages("Error: Operation aborted")).Any());

    /// <summary>Whether a script of a package failed; dnf 4 does not say so by how it ends.</summary>
    public static bool HasFailedScript(SandboxResult result) => FailedScript().IsMatch(result.Error) || FailedScript().IsMatch(result.Output);

    /// <summary>The package that was refused for its signature, if one was.</summary>
    public static DnfRefusal? FindRefusal(SandboxResult result)
    {
        Match match = Refusal().Match($"{result.Error}\n{result.Output}");
        return match.Success ? new DnfRefusal(match.Groups["package"].Value, match.Groups["path"] is { Success: true, Value: var path } ? path : null) : null;
    }

    /// <summary>The key that signed a package, as <c>rpmkeys --checksig --verbose</c> tells it.</summary>
    public static string? FindKey(SandboxResult result) => Key().Match(result.Output) is { Success: true } match ? match.Groups[1].Value : null;

    /// <summary>Why it cannot be, in dnf's own words, on one line.</summary>
    public static string Reason(SandboxResult result)
    {
        string[] reasons = [.. result.Error.Split('\n')
            .Where(line => line.Trim().Length > 0 && !Array.Exists(Boilerplate, beginning => line.StartsWith(beginning, StringComparison.Ordinal)) && !Progress().IsMatch(line))
            .Select(line => Bullet().Replace(line.Trim(), ""))
            .Where(line => line.Length > 0)
            .Distinct()];
        return reasons.Length > 0 ? string.Join("; ", reasons) : result.Tail;
    }

    private static PackageAction? ActionOf(string header) => header.Split(' ', ':')[0] switch
    {
        "Installing" when !header.Contains("groups", StringComparison.Ordinal) => PackageAction.Install,
        "Upgrading" or "Downgrading" or "Reinstalling" when !header.Contains("groups", StringComparison.Ordinal) => PackageAction.Change,
        "Removing" when !header.Contains("groups", StringComparison.Ordinal) => PackageAction.Remove,
        _ => null,
    };

    private static void Add(List<DnfChange> changes, PackageAction action, string[] words)
    {
        if (words[0] == "replacing")
        {
            int dot = words[1].LastIndexOf('.');
            (string name, string version) = words.Length > 4 ? (words[1], words[3]) : (dot > 0 ? words[1][..dot] : words[1], words[2]);
            AddReplaced(changes, name, WithoutEpoch(version));
            return;
        }

        if (words.Length < 5)
        {
            return;
        }

        string evr = WithoutEpoch(words[2]);
        changes.Add(action == PackageAction.Remove
            ? new DnfChange(new PackageChange(action, words[0], "", evr, null), "")
            : new DnfChange(new PackageChange(action, words[0], words[1], null, evr), words[3]));
    }

    // The row above takes its place; under another name it goes.
    private static void AddReplaced(List<DnfChange> changes, string name, string version)
    {
        if (changes.Count > 0 && changes[^1].Change is { After: not null } above && above.Name == name)
        {
            changes[^1] = changes[^1] with { Change = above with { Action = PackageAction.Change, Before = version } };
        }
        else
        {
            changes.Add(new DnfChange(new PackageChange(PackageAction.Remove, name, "", version, null), ""));
        }
    }

    private static string WithoutEpoch(string version) => version.StartsWith("0:", StringComparison.Ordinal) ? version[2..] : version;

    [GeneratedRegex("""OpenPGP check for package "(?<package>[^"]+)" \((?<path>[^)]+)\)|Failing package is: (?<package>\S+)|Package (?<package>\S+) is not signed""")]
    private static partial Regex Refusal();

    [GeneratedRegex(@"^ ?(\S+)\.[a-z0-9_]+(?:\t| ?: )(.*)$")]
    private static partial Regex Found();

    [GeneratedRegex(@"^(?:Error:(?! Operation aborted)| ?Problem:|No match for argument)", RegexOptions.Multiline)]
    private static partial Regex Failure();

    [GeneratedRegex(@"(?:key ID|key fingerprint:?) ([0-9a-f]{8,})", RegexOptions.IgnoreCase)]
    private static partial Regex Key();

    [GeneratedRegex(@"scriptlet failed|Non-critical error in|Error in \S+ scriptlet")]
    private static partial Regex FailedScript();

    // "[1/2] name 100% | 3.1 MiB/s | 6.4 KiB | 00m00s"
    [GeneratedRegex(@"\|\s+\d+m\d+s\s*$")]
    private static partial Regex Progress();

    [GeneratedRegex(@"^(?:- |>>> |Error:\s*)")]
    private static partial Regex Bullet();
}
