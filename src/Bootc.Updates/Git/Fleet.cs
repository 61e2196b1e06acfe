// All documents of a repository, and what they make of a host.
using Bootc.Oci;
using Bootc.Updates.Documents;
using YamlDotNet.RepresentationModel;

namespace Bootc.Updates.Git;

/// <summary>
/// The hosts and groups of a repository. What a host is comes of the groups that it belongs to, in their order and by name where that is
/// the same, and of its own document, each laid over those before it (<see cref="DocumentMerge"/>).
/// </summary>
public sealed class Fleet
{
    private readonly FleetDocument[] _groups;
    private readonly FleetDocument[] _hosts;

    private Fleet(IEnumerable<FleetDocument> documents)
    {
        FleetDocument[] all = [.. documents];
        _groups = [.. all.Where(document => document.IsGroup).OrderBy(document => document.Order).ThenBy(document => document.Name, StringComparer.Ordinal)];
        _hosts = [.. all.Where(document => !document.IsGroup).OrderBy(document => document.Name, StringComparer.Ordinal)];
    }

    /// <summary>The names of the hosts that have a document of their own.</summary>
    public IReadOnlyList<string> HostNames => [.. _hosts.Select(host => host.Name)];

    /// <summary>How many groups there are.</summary>
    public int GroupCount => _groups.Length;

    /// <summary>Reads files.</summary>
    /// <exception cref="FleetFormatException">One is malformed, or two documents have the same name.</exception>
    public static Fleet Read(IEnumerable<FleetFile> files)
    {
        var faults = new List<FleetFault>();
        Fleet fleet = Read(files, faults);
        return faults.Count == 0 ? fleet : throw new FleetFormatException(faults);
    }

    /// <summary>Reads files, and tells all that is wrong with them.</summary>
    public static Fleet Read(IEnumerable<FleetFile> files, List<FleetFault> faults)
    {
        FleetDocument[] documents = [.. files.SelectMany(file => FleetReader.Read(file, faults))];
        foreach (IGrouping<(bool, string), FleetDocument> same in documents.GroupBy(document => (document.IsGroup, document.Name)).Where(same => same.Count() > 1))
        {
            FleetDocument first = same.First();
            faults.AddRange(same.Skip(1).Select(document => new FleetFault(
                document.File, new DocumentFault(document.Line, 1, true, $"there is another {document.Description}, in {first.File}:{first.Line}"))));
        }

        return new Fleet(documents);
    }

    /// <summary>Everything that is wrong with the files of a folder: with each of them, and with what they make of each host that has a document.</summary>
    public static IReadOnlyList<FleetFault> Validate(string folder, out Fleet fleet)
    {
        var faults = new List<FleetFault>();
        fleet = Read(FleetFolder.Read(folder, faults), faults);
        if (faults.Count == 0)
        {
            fleet.ValidateHosts(faults);
        }

        return [.. faults.OrderBy(fault => fault.File, StringComparer.Ordinal).ThenBy(fault => fault.Fault.Line)];
    }

    /// <summary>What the documents make of a host.</summary>
    /// <exception cref="FleetFormatException">They contradict one another.</exception>
    public RenderedHost Render(HostIdentity host)
    {
        var faults = new List<FleetFault>();
        RenderedHost rendered = Render(host, faults);
        return faults.Count == 0 ? rendered : throw new FleetFormatException(faults);
    }

    private RenderedHost Render(HostIdentity host, List<FleetFault> faults)
    {
        FleetDocument[] own = [.. _hosts.Where(document => document.Name == host.Name || document.Name == host.MachineId)];
        var labels = new SortedDictionary<string, string>(host.AllLabels.ToDictionary(), StringComparer.Ordinal);
        foreach ((string name, string value) in own.SelectMany(document => document.Labels))
        {
            labels[name] = value; // who says who the host is, says it for good
        }

        FleetDocument[] documents = [.. _groups.Where(group => group.Selects(host, labels)), .. own];
        YamlMappingNode? spec = documents.Aggregate((YamlMappingNode?)null, (under, document) => DocumentMerge.Merge(under, document.Spec));
        string[] sources = [.. documents.Select(document => $"{document.Description} ({document.File}:{document.Line})")];
        if (spec is null)
        {
            return new RenderedHost(host.Name, new HostDocument(null, false), sources);
        }

        var found = new List<DocumentFault>();
        HostDocument wish = HostSpecReader.Read(YamlMembers.Of(spec, "spec", found)!, found);
        if (wish is { Updates.Pin: not null, Image.Image.Transport: not Transport.Registry } or { Updates.Pin: not null, Image: null })
        {
            found.Add(new DocumentFault(1, 1, true, "updates.pin chooses an image in a registry, and spec.image names none"));
        }

        FleetDocument last = documents[^1];
        faults.AddRange(found.Select(fault => new FleetFault(last.File, new DocumentFault(last.Line, 1, true, $"for the host {host.Name}, of {string.Join(", ", documents.Select(document => document.Description))}: {fault.Message}"))));
        return new RenderedHost(host.Name, wish, sources);
    }

    private void ValidateHosts(List<FleetFault> faults)
    {
        foreach (FleetDocument host in _hosts)
        {
            Render(new HostIdentity(host.Name, null, new Dictionary<string, string>()), faults);
        }
    }
}
