// Reads what apt-get prints for programs.
using System.Globalization;
using System.Text.RegularExpressions;

namespace Bootc.Layering.Apt;

/// <summary>Reads the output of <c>apt-get --simulate</c> and <c>apt-cache show</c> (apt-get(8), apt-cache(8)).</summary>
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

    /// <summary>What a search found: <c>NAME - SUMMARY</c> on each line.</summary>
    public static List<FoundPackage> ParseSearch(string output)
    {
        var found = new List<FoundPackage>();
        foreach (string line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            int dash = line.IndexOf(" - ", StringComparison.Ordinal);
            if (dash > 0)
            {
                found.Add(new FoundPackage(line[..dash], line[(dash + 3)..].Trim(), IsPresent: false));
            }
        }

        return found;
    }

    /// <summary>The files of packages as lists have them: sizes in bytes, and digests such as <c>SHA256:…</c>, by <see cref="KeyOf"/>.</summary>
    /// <remarks>Paragraphs as deb-control(5) describes.</remarks>
    public static Dictionary<string, (long Size, string Digest)> ParseRecords(string output)
    {
        var files = new Dictionary<string, (long, string)>();
        foreach (string paragraph in output.Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            Dictionary<string, string> fields = Fields(paragraph);
            if (fields.GetValueOrDefault("SHA256") is { } digest && long.TryParse(fields.GetValueOrDefault("Size"), CultureInfo.InvariantCulture, out long size))
            {
                files.TryAdd($"{fields.GetValueOrDefault("Package")} {fields.GetValueOrDefault("Version")} {fields.GetValueOrDefault("Architecture")}", (size, $"SHA256:{digest}"));
            }
        }

        return files;
    }

    /// <summary>What stands for a package's file: name, version and architecture.</summary>
    public static string KeyOf(PackageChange change) => $"{change.Name} {change.After} {change.Architecture}";

    /// <summary>How apt is asked for the very version that comes.</summary>
    public static string QueryOf(PackageChange change) => $"{change.Name}{(change.Architecture == "all" ? "" : $":{change.Architecture}")}={change.After}";

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

    private static Dictionary<string, string> Fields(string paragraph)
    {
        var fields = new Dictionary<string, string>();
        foreach (string line in paragraph.Split('\n'))
        {
            int colon = line.IndexOf(':');
            if (colon > 0 && line[0] is not (' ' or '\t'))
            {
                fields.TryAdd(line[..colon], line[(colon + 1)..].Trim());
            }
        }

        return fields;
    }

    private static string WithoutArchitecture(string name) => name.Split(':')[0];

    [GeneratedRegex(@"^Inst (\S+)(?: \[([^\]]+)\])? \((\S+) .*\[([^\]]+)\]\)")]
    private static partial Regex Install();

    [GeneratedRegex(@"^(?:Remv|Purg) (\S+) \[([^\]]+)\]")]
    private static partial Regex Removal();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
