// Reads the documents of a repository.
using System.Globalization;
using System.Text;
using Bootc.Updates.Documents;
using YamlDotNet.RepresentationModel;

namespace Bootc.Updates.Git;

/// <summary>Reads files with documents of the kinds BootcHost and BootcHostGroup (docs/formats/fleet-v1.schema.json).</summary>
internal static class FleetReader
{
    public const string GroupKind = "BootcHostGroup";

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <summary>Reads a file.</summary>
    /// <returns>Its documents that have a name and a specification.</returns>
    public static IReadOnlyList<FleetDocument> Read(FleetFile file, List<FleetFault> faults)
    {
        var found = new List<DocumentFault>();
        IReadOnlyList<FleetDocument> documents = [.. (Parse(file, found) ?? []).Select(root => ReadDocument(root, file.Path, found)).OfType<FleetDocument>()];
        faults.AddRange(found.Select(fault => new FleetFault(file.Path, fault)));
        return documents;
    }

    private static IReadOnlyList<YamlNode>? Parse(FleetFile file, List<DocumentFault> faults)
    {
        try
        {
            return YamlText.ParseAll(Strict.GetString(file.Content.Span), faults);
        }
        catch (DecoderFallbackException)
        {
            faults.Add(new DocumentFault(1, 1, true, "this is no text in UTF-8"));
            return null;
        }
    }

    private static FleetDocument? ReadDocument(YamlNode root, string file, List<DocumentFault> faults)
    {
        if (YamlMembers.Of(root, "the document", faults) is not { } members)
        {
            return null;
        }

        if (members.TakeText("apiVersion", isRequired: true) is { } version && version != HostDocument.Version)
        {
            members.Fault(root, $"apiVersion is '{version}', not {HostDocument.Version}");
        }

        string? kind = members.TakeText("kind", isRequired: true);
        (string? name, IReadOnlyDictionary<string, string> labels) = members.Take("metadata") is { } metadata ? ReadMetadata(metadata, kind == GroupKind, faults) : (null, new Dictionary<string, string>());
        YamlNode? spec = members.Take("spec");
        members.End(HostDocument.Version);
        if (kind is not null and not HostDocument.DocumentKind and not GroupKind)
        {
            members.Fault(root, $"kind is '{kind}', neither {HostDocument.DocumentKind} nor {GroupKind}");
            return null;
        }

        if (name is null)
        {
            members.Fault(root, "the document has no name (metadata.name)");
        }

        if (spec is null)
        {
            members.Fault(root, "the document has no spec");
        }

        if (kind is null || name is null || spec is null)
        {
            return null;
        }

        return kind == GroupKind ? ReadGroup(root, spec, file, name, faults) : ReadHost(root, spec, file, name, labels, faults);
    }

    private static (string? Name, IReadOnlyDictionary<string, string> Labels) ReadMetadata(YamlNode node, bool isGroup, List<DocumentFault> faults)
    {
        if (YamlMembers.Of(node, "metadata", faults) is not { } members)
        {
            return (null, new Dictionary<string, string>());
        }

        string? name = members.TakeText("name");
        YamlNode? labels = members.Take("labels");
        _ = members.Take("annotations"); // for people and their tools
        members.End(HostDocument.Version);
        if (name is not null && GitNames.DescribeHost(name) is { } fault)
        {
            members.Fault(node, $"metadata.name {fault}");
        }

        if (isGroup && labels is not null)
        {
            members.Fault(labels, "labels are those of a host; a group says in spec.selector.matchLabels which ones its hosts have");
        }

        return (name, labels is null ? new Dictionary<string, string>() : ReadLabels(labels, "labels", isOwnAllowed: false, faults));
    }

    private static FleetDocument? ReadHost(YamlNode root, YamlNode spec, string file, string name, IReadOnlyDictionary<string, string> labels, List<DocumentFault> faults) =>
        ReadPart(spec, "spec", faults) is { } part ? new FleetDocument(file, root.Start.Line, IsGroup: false, name, part) { Labels = labels } : null;

    private static FleetDocument? ReadGroup(YamlNode root, YamlNode spec, string file, string name, List<DocumentFault> faults)
    {
        if (YamlMembers.Of(spec, "spec", faults) is not { } members)
        {
            return null;
        }

        YamlNode? selector = members.Take("selector"), host = members.Take("host");
        int? order = members.Take<int>("order", text => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) ? number : null, "a whole number");
        members.End(HostDocument.Version);
        if (host is null)
        {
            members.Fault(spec, "the group does not say what its hosts are (spec.host)");
            return null;
        }

        (IReadOnlyDictionary<string, string> labels, string[] hosts) = selector is null ? (new Dictionary<string, string>(), []) : ReadSelector(selector, faults);
        return ReadPart(host, "spec.host", faults) is { } part
            ? new FleetDocument(file, root.Start.Line, IsGroup: true, name, part) { Order = order ?? 0, Labels = labels, Hosts = hosts }
            : null;
    }

    private static (IReadOnlyDictionary<string, string> Labels, string[] Hosts) ReadSelector(YamlNode node, List<DocumentFault> faults)
    {
        if (YamlMembers.Of(node, "selector", faults) is not { } members)
        {
            return (new Dictionary<string, string>(), []);
        }

        YamlNode? labels = members.Take("matchLabels");
        string[] hosts = [.. members.TakeList("hosts").Select(item => members.Text(item, "hosts")).OfType<string>()];
        members.End(HostDocument.Version);
        return (labels is null ? new Dictionary<string, string>() : ReadLabels(labels, "matchLabels", isOwnAllowed: true, faults), hosts);
    }

    private static SortedDictionary<string, string> ReadLabels(YamlNode node, string what, bool isOwnAllowed, List<DocumentFault> faults)
    {
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (YamlMembers.Of(node, what, faults) is not { } members)
        {
            return labels;
        }

        foreach (string name in members.Names.ToArray())
        {
            YamlNode value = members.Take(name)!;
            if (!isOwnAllowed && HostIdentity.DescribeLabel(name) is { } fault)
            {
                members.Fault(value, fault);
            }
            else if (members.Text(value, $"{what}.{name}") is { } text)
            {
                labels[name] = text;
            }
        }

        return labels;
    }

    // What is wrong with a part by itself is told here, where its place in the file is known.
    private static YamlMappingNode? ReadPart(YamlNode node, string what, List<DocumentFault> faults)
    {
        if (YamlMembers.Of(node, what, faults) is not { } members)
        {
            return null;
        }

        int before = faults.Count;
        if (HostSpecReader.Read(members, faults, isPart: true).BootsRollback)
        {
            faults.Add(YamlMembers.At(node, "bootOrder is 'rollback', which is no state that a host could be in for good: name the image that it is to be (spec.image)"));
        }

        return faults.Count == before ? (YamlMappingNode)node : null;
    }
}
