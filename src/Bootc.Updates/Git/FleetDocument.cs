// One document of a repository: a host, or a group of hosts.
using YamlDotNet.RepresentationModel;

namespace Bootc.Updates.Git;

/// <summary>A document.</summary>
/// <param name="File">The file that it is in.</param>
/// <param name="Line">The line where it begins, from 1.</param>
/// <param name="IsGroup">Whether it is a group of hosts.</param>
/// <param name="Name">Its name.</param>
/// <param name="Spec">What it wants of the hosts that it is for.</param>
internal sealed record FleetDocument(string File, long Line, bool IsGroup, string Name, YamlMappingNode Spec)
{
    /// <summary>Of a group, its place: those with lower numbers are laid under those with higher ones.</summary>
    public int Order { get; init; }

    /// <summary>Of a group, the labels that its hosts have; of a host, those that it has.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Of a group, the names of its hosts; empty for all that have the labels.</summary>
    public IReadOnlyList<string> Hosts { get; init; } = [];

    /// <summary>Its kind and name, for people.</summary>
    public string Description => $"{(IsGroup ? FleetReader.GroupKind : Documents.HostDocument.DocumentKind)} {Name}";

    /// <summary>Of a group, whether a host belongs to it.</summary>
    public bool Selects(HostIdentity host, IReadOnlyDictionary<string, string> labels) =>
        Labels.All(label => labels.TryGetValue(label.Key, out string? value) && value == label.Value) && (Hosts.Count == 0 || Hosts.Contains(host.Name) || (host.MachineId is { } id && Hosts.Contains(id)));
}
