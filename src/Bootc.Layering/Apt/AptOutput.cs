// Reads what apt-get prints for programs.
using System.Globalization;
using System.Text.RegularExpressions;

namespace Bootc.Layering.Apt;

/// <summary>Reads the output of <c>apt-get --simulate</c> and <c>--print-uris</c> (apt-get(8)).</summary>
internal static partial class AptOutput
{
    /// <summary>What a simulation would do, by name.</summary>
    /// <remarks><c>Inst NAME [BEFORE] (AFTER ORIGIN [ARCH])</c>, <c>Remv NAME [BEFORE]</c> or <c>Purg NAME [BEFORE]</c>; other lines do not matter.</remarks>
    public static List<PackageChange> ParseSimulation(string output)
    {
        var changes = new List<PackageChange>();
        foreach (string line in output.Split('\n'))
        {
            if (Install().Match(line) is { Success: true } install)
            {
                string? before = install.Groups[2] is { Success: true, Value: var version } ? version : null;
                changes.Add(new PackageChange(before is null ? PackageAction.Install : PackageAction.Change, WithoutArchitecture(install.Groups[1].Value), install.Groups[4].Value, before, install.Groups[3].Value));
            }
            else if (Removal().Match(line) is { Success: true } removal)
            {
                changes.Add(new PackageChange(PackageAction.Remove, WithoutArchitecture(removal.Groups[1].Value), "", removal.Groups[2].Value, null));
            }
        }

        // A package may go on the way to another version of it.
        changes.RemoveAll(change => change.Action == PackageAction.Remove && changes.Exists(other => other.Action != PackageAction.Remove && other.Name == change.Name));
        changes.Sort(static (a, b) => string.CompareOrdinal($"{a.Name} {a.Architecture}", $"{b.Name} {b.Architecture}"));
        return changes;
    }

    /// <summary>The files that would be fetched: names, sizes in bytes, and digests such as <c>SHA256:…</c>.</summary>
    /// <remarks>A line is <c>'URI' NAME SIZE DIGEST</c>.</remarks>
    public static Dictionary<string, (long Size, string Digest)> ParseUris(string output)
    {
        var files = new Dictionary<string, (long, string)>();
        foreach (string line in output.Split('\n'))
        {
            if (Uri().Match(line) is { Success: true } match)
            {
                files[match.Groups[1].Value] = (long.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture), match.Groups[3].Value);
            }
        }

        return files;
    }

    /// <summary>The name of a package's file in apt's cache, where a colon in the version is written as <c>%3a</c>.</summary>
    public static string FileNameOf(PackageChange change) => $"{change.Name}_{change.After?.Replace(":", "%3a")}_{change.Architecture}.deb";

    /// <summary>Why packages cannot be installed, in apt's own words, on one line.</summary>
    public static string Reason(SandboxResult result)
    {
        var reasons = new List<string>();
        bool isUnmet = false;
        foreach (string line in result.Output.Split('\n'))
        {
            isUnmet = line.StartsWith("The following packages have unmet dependencies", StringComparison.Ordinal) || (isUnmet && line.StartsWith(' '));
            if (isUnmet && line.StartsWith(' '))
            {
                reasons.Add(Spaces().Replace(line.Trim(), " "));
            }
        }

        reasons.AddRange(result.Messages("E: ").Select(message => message.Replace("\n", " ")));
        reasons.AddRange(Continuation(result.Error));
        return reasons.Count > 0 ? string.Join("; ", reasons.Distinct()) : result.Tail;
    }

    // apt's newer solver explains itself in indented lines below its error.
    private static IEnumerable<string> Continuation(string error) => error.Split('\n')
        .Where(line => line.StartsWith("   ", StringComparison.Ordinal))
        .Select(line => Spaces().Replace(line.Trim(), " "));

    private static string WithoutArchitecture(string name) => name.Split(':')[0];

    [GeneratedRegex(@"^Inst (\S+)(?: \[([^\]]+)\])? \((\S+) .*\[([^\]]+)\]\)")]
    private static partial Regex Install();

    [GeneratedRegex(@"^(?:Remv|Purg) (\S+) \[([^\]]+)\]")]
    private static partial Regex Removal();

    [GeneratedRegex(@"^'[^']*' (\S+) (\d+) (\S*:\S+)")]
    private static partial Regex Uri();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
