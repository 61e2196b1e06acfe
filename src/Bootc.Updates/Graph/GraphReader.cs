// Reads documents of graphs: YAML, of which JSON is a part.
using System.Globalization;
using System.Text.RegularExpressions;
using Bootc.Updates.Documents;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Bootc.Updates.Graph;

/// <summary>Reads a document to its end, whatever is wrong with it, and says all that is.</summary>
internal static partial class GraphReader
{
    private const int MaximumNodes = 10_000;

    /// <summary>Reads a document.</summary>
    /// <param name="text">The document.</param>
    /// <param name="faults">What is wrong with it.</param>
    /// <returns>What could be read; <see langword="null"/> when that is nothing.</returns>
    public static GraphDocument? Read(string text, out IReadOnlyList<DocumentFault> faults)
    {
        var found = new List<DocumentFault>();
        faults = found;
        if (YamlText.Parse(text, found) is not { } root || YamlMembers.Of(root, "the document", found) is not { } members)
        {
            return null;
        }

        if (members.TakeText("schema", isRequired: true) is { } schema && schema != GraphDocument.Schema)
        {
            members.Fault(root, $"the schema is '{schema}', not {GraphDocument.Schema}");
            return null;
        }

        string stream = members.TakeText("stream", isRequired: true) ?? "";
        string? repository = members.TakeText("repository");
        if (repository?.Contains('@', StringComparison.Ordinal) ?? false)
        {
            members.Fault(root, $"the repository is '{repository}', which names a digest: those of the images are the nodes'");
        }

        IReadOnlyList<YamlNode> items = members.TakeList("nodes");
        if (items.Count is 0 or > MaximumNodes)
        {
            members.Fault(root, items.Count == 0 ? "the document has no nodes" : $"the document has more than {MaximumNodes} nodes");
            return null;
        }

        List<GraphEntry> entries = [.. items.Select((item, index) => ReadEntry(item, index, repository, found)).OfType<GraphEntry>().OrderBy(entry => entry.Age)];
        YamlNode? edges = members.Take("edges");
        GraphDocument document = new(stream, repository, entries, edges is null or YamlScalarNode { Value: "implied" } ? null : ReadEdges(edges, entries, found));
        members.End(GraphDocument.Schema);
        CheckUnique(document, found);
        return document;
    }

    private static GraphEntry? ReadEntry(YamlNode item, int index, string? repository, List<DocumentFault> faults)
    {
        if (YamlMembers.Of(item, "a node", faults) is not { } members)
        {
            return null;
        }

        string? version = members.TakeText("version", isRequired: true);
        var entry = new GraphEntry(version ?? "", members.Take<long>("age", text => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long age) ? age : null, "a whole number") ?? index)
        {
            Image = TakeMatching(members, "image", ImageDigest(), "a digest, sha256: and 64 hexadecimal digits"),
            Repository = members.TakeText("repository"),
            Checksum = TakeMatching(members, "checksum", Checksum(), "a checksum of 64 hexadecimal digits"),
            Architectures = [.. members.TakeList("architecture", allowsOne: true).Select(node => ReadArchitecture(members, node)).OfType<string>().Distinct()],
            Barrier = members.TakeText("barrier"),
            DeadEnd = members.TakeText("deadEnd"),
            Rollout = members.Take("rollout") is { } rollout ? ReadRollout(rollout, faults) : null,
            Line = item.Start.Line,
        };
        if (entry is { Image: null, Checksum: null })
        {
            members.Fault(item, $"node {version} has neither image nor checksum");
        }
        else if (entry is { Image: not null, Repository: null } && repository is null)
        {
            members.Fault(item, $"node {version} has an image, but neither it nor the document says in which repository");
        }

        members.End(GraphDocument.Schema);
        return entry;
    }

    private static string? TakeMatching(YamlMembers members, string name, Regex form, string description)
    {
        if (members.Take(name) is not { } node || members.Text(node, name) is not { } text)
        {
            return null;
        }

        if (!form.IsMatch(text))
        {
            members.Fault(node, $"{name} is '{text}', not {description}");
        }

        return text;
    }

    private static string? ReadArchitecture(YamlMembers members, YamlNode node)
    {
        if (members.Text(node, "architecture") is not { } name)
        {
            return null;
        }

        if (BaseArchitecture.IsKnown(name))
        {
            return BaseArchitecture.ToContainer(name);
        }

        members.Fault(node, $"architecture is '{name}', which is none that is known");
        return null;
    }

    private static Rollout? ReadRollout(YamlNode node, List<DocumentFault> faults)
    {
        if (YamlMembers.Of(node, "a rollout", faults) is not { } members)
        {
            return null;
        }

        var rollout = new Rollout
        {
            Start = members.Take<DateTimeOffset>("start", ParseTime, "a time with its zone, as 2026-01-31T08:00:00Z") ?? DateTimeOffset.UnixEpoch,
            StartValue = members.TakeNumber("startValue", 0, 1, "a number between 0 and 1") ?? 0,
            Duration = members.Take<TimeSpan>("duration", ParseDuration, "a duration, as 90m, 48h or 2d12h"),
            Exponent = members.TakeNumber("exponent", 0.01, 100, "a number between 0.01 and 100") ?? 1,
        };
        members.End(GraphDocument.Schema);
        return rollout;
    }

    private static List<(string From, string To)> ReadEdges(YamlNode node, List<GraphEntry> entries, List<DocumentFault> faults)
    {
        var edges = new List<(string From, string To)>();
        if (node is not YamlSequenceNode sequence)
        {
            faults.Add(YamlMembers.At(node, "edges is neither 'implied' nor a list"));
            return edges;
        }

        var known = new HashSet<(string From, string To)>();
        ILookup<string, long> ages = entries.ToLookup(entry => entry.Version, entry => entry.Age, StringComparer.Ordinal);
        foreach (YamlNode item in sequence.Children)
        {
            if (YamlMembers.Of(item, "an edge", faults) is not { } members)
            {
                continue;
            }

            string? from = members.TakeText("from", isRequired: true), to = members.TakeText("to", isRequired: true);
            members.End(GraphDocument.Schema);
            if (from is null || to is null)
            {
                continue;
            }

            if ((!ages.Contains(from) ? from : !ages.Contains(to) ? to : null) is { } unknown)
            {
                members.Fault(item, $"there is no node of the version '{unknown}'");
            }
            else if (ages[from].Max() >= ages[to].Min())
            {
                members.Fault(item, $"the edge from {from} to {to} leads to no newer version");
            }
            else if (!known.Add((from, to)))
            {
                members.Fault(item, $"the edge from {from} to {to} is there twice");
            }
            else
            {
                edges.Add((from, to));
            }
        }

        return edges;
    }

    // For each architecture a version, an age and an image stand for one node.
    private static void CheckUnique(GraphDocument document, List<DocumentFault> faults)
    {
        var reported = new HashSet<(long, string)>();
        foreach (string architecture in document.Architectures.Append("(another)"))
        {
            GraphEntry[] entries = [.. document.Entries.Where(entry => entry.IsFor(architecture))];
            Check(entries, entry => entry.Version, "version");
            Check(entries, entry => entry.Age.ToString(CultureInfo.InvariantCulture), "age");
            Check(entries, entry => entry.Image, "image");
            Check(entries, entry => entry.Checksum, "checksum");
        }

        void Check(GraphEntry[] entries, Func<GraphEntry, string?> key, string name)
        {
            foreach (IGrouping<string, GraphEntry> same in entries.Where(entry => key(entry) is { Length: > 0 }).GroupBy(entry => key(entry)!, StringComparer.Ordinal).Where(group => group.Count() > 1))
            {
                GraphEntry second = same.OrderBy(entry => entry.Line).ElementAt(1);
                if (reported.Add((second.Line, name)))
                {
                    faults.Add(new DocumentFault(second.Line, 1, true, $"the {name} {same.Key} is that of another node too (line {same.Min(entry => entry.Line)})"));
                }
            }
        }
    }

    private static DateTimeOffset? ParseTime(string text) =>
        WithZone().IsMatch(text) && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time) && time >= DateTimeOffset.UnixEpoch ? time.ToUniversalTime() : null;

    private static TimeSpan? ParseDuration(string text)
    {
        Match match = Duration().Match(text);
        if (!match.Success || text.Length == 0)
        {
            return null;
        }

        long Number(string name) => match.Groups[name] is { Success: true } group ? long.Parse(group.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture) : 0;
        long minutes = (Number("d") * 24 * 60) + (Number("h") * 60) + Number("m");
        return minutes > 0 ? TimeSpan.FromMinutes(minutes) : null;
    }

    [GeneratedRegex("^sha256:[0-9a-f]{64}\\z", RegexOptions.CultureInvariant)]
    private static partial Regex ImageDigest();

    [GeneratedRegex("^[0-9a-f]{64}\\z", RegexOptions.CultureInvariant)]
    private static partial Regex Checksum();

    [GeneratedRegex("^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]+)?)?([Zz]|[+-][0-9]{2}:[0-9]{2})\\z", RegexOptions.CultureInvariant)]
    private static partial Regex WithZone();

    [GeneratedRegex("^((?<d>[0-9]{1,4})d)?((?<h>[0-9]{1,5})h)?((?<m>[0-9]{1,7})m)?\\z", RegexOptions.CultureInvariant)]
    private static partial Regex Duration();
}
