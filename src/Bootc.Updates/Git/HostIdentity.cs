// Who a host is to the documents of a repository.
using System.Text.RegularExpressions;
using Bootc.Oci.Model;
using Bootc.Updates.Agent;

namespace Bootc.Updates.Git;

/// <summary>A host's names and labels, by which documents are meant for it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="MachineId">The identifier that is made from its machine ID (<see cref="NodeUuid"/>), or its machine ID itself; <see langword="null"/> where it is not known.</param>
/// <param name="Labels">Its labels.</param>
public sealed partial record HostIdentity(string Name, string? MachineId, IReadOnlyDictionary<string, string> Labels)
{
    private static readonly string[] Own = ["hostname", "machine-id", "architecture", "group"];

    /// <summary>All labels: those that were given, and <c>hostname</c>, <c>machine-id</c>, <c>architecture</c> and <c>group</c>.</summary>
    public IReadOnlyDictionary<string, string> AllLabels
    {
        get
        {
            var labels = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["hostname"] = Name, ["architecture"] = Architecture, ["group"] = Group };
            if (MachineId is not null)
            {
                labels["machine-id"] = MachineId;
            }

            foreach ((string name, string value) in Labels)
            {
                labels[name] = value;
            }

            return labels;
        }
    }

    /// <summary>Its architecture, as containers name it.</summary>
    public string Architecture { get; init; } = Platform.Current.Architecture;

    /// <summary>Its group (<c>identity.group</c>).</summary>
    public string Group { get; init; } = FleetLock.FleetLockIdentity.DefaultGroup;

    /// <summary>The identity of the host with a root.</summary>
    /// <exception cref="UpdatesException">It has no name that could be one of a document.</exception>
    public static HostIdentity OfHost(AgentConfig config, string root)
    {
        string name = config.Git.Host ?? ReadName(root);
        return GitNames.DescribeHost(name) is { } fault
            ? throw new UpdatesException($"the host's name {fault}: set updates.git.host")
            : new HostIdentity(name, ReadMachineId(root), config.Git.Labels) { Group = config.Group };
    }

    /// <summary>What is wrong with the name of a label; <see langword="null"/> when nothing is.</summary>
    public static string? DescribeLabel(string name) => !LabelName().IsMatch(name) ? $"'{name}' is no name of a label: letters, digits, '.', '_', '-' and '/' are allowed"
        : Own.Contains(name) ? $"'{name}' is a label that each host has by itself"
        : null;

    private static string ReadName(string root)
    {
        if (root == "/")
        {
            return Environment.MachineName;
        }

        string path = Path.Combine(root, "etc/hostname");
        return File.Exists(path) ? File.ReadLines(path).Select(line => line.Trim()).FirstOrDefault(line => line.Length > 0 && line[0] != '#') ?? "" : "";
    }

    private static string? ReadMachineId(string root)
    {
        string path = Path.Combine(root, "etc/machine-id");
        return File.Exists(path) && File.ReadAllText(path).Trim() is { Length: 32 } id ? id : null;
    }

    [GeneratedRegex(@"^[A-Za-z0-9]([A-Za-z0-9._/-]{0,126}[A-Za-z0-9])?\z", RegexOptions.CultureInvariant)]
    private static partial Regex LabelName();
}
