// Lays one part of a document over another, as Kubernetes' strategic merge does.
using YamlDotNet.RepresentationModel;

namespace Bootc.Updates.Documents;

/// <summary>
/// Mappings are merged member by member, <c>null</c> removes a member, lists replace one another, but those that are sets of words add
/// up. A mapping with <c>$patch: replace</c> takes the place of the one below it, one with <c>$patch: delete</c> removes it, and
/// <c>$deleteFromPrimitiveList/NAME</c> takes words out of a set.
/// </summary>
internal static class DocumentMerge
{
    private const string Patch = "$patch";
    private const string Deletion = "$deleteFromPrimitiveList/";
    private static readonly HashSet<string> Sets = ["present", "absent", "packages", "boundImages"];

    /// <summary>Takes the directions among the members of a part, and adds faults for those that are none.</summary>
    /// <param name="members">The members.</param>
    /// <param name="isPart">Whether there may be any.</param>
    public static void TakeDirections(YamlMembers members, bool isPart)
    {
        if (!isPart)
        {
            return;
        }

        _ = members.Take<bool>(Patch, text => text is "merge" or "replace" or "delete" ? true : null, "merge, replace or delete");
        foreach (string name in members.Names.Where(name => name.StartsWith(Deletion, StringComparison.Ordinal)).ToArray())
        {
            YamlNode node = members.Take(name)!;
            if (!Sets.Contains(name[Deletion.Length..]))
            {
                members.Fault(node, $"{name} names no list whose words add up; those are {string.Join(", ", Sets.Order(StringComparer.Ordinal))}");
            }
            else if (node is not YamlSequenceNode list || list.Children.Any(item => item is not YamlScalarNode))
            {
                members.Fault(node, $"{name} is no list of words");
            }
        }
    }

    /// <summary>Lays a part over another.</summary>
    /// <returns>What comes of it; <see langword="null"/> when it is removed.</returns>
    public static YamlMappingNode? Merge(YamlMappingNode? under, YamlMappingNode over)
    {
        string direction = TextOf(Find(over, Patch)) ?? "merge";
        if (direction == "delete")
        {
            return null;
        }

        var merged = new YamlMappingNode();
        foreach ((YamlNode key, YamlNode value) in direction == "replace" || under is null ? [] : under.Children.AsEnumerable())
        {
            merged.Children[key] = value;
        }

        foreach ((YamlNode key, YamlNode value) in over.Children)
        {
            if (TextOf(key) is { } name && name.StartsWith(Deletion, StringComparison.Ordinal))
            {
                Remove(merged, name[Deletion.Length..], value);
            }
        }

        foreach ((YamlNode key, YamlNode value) in over.Children)
        {
            if (TextOf(key) is { } name && name != Patch && !name.StartsWith(Deletion, StringComparison.Ordinal))
            {
                Set(merged, key, name, value);
            }
        }

        return merged;
    }

    private static void Set(YamlMappingNode merged, YamlNode key, string name, YamlNode value)
    {
        YamlNode? before = Find(merged, name);
        YamlNode? after = value switch
        {
            _ when HostSpecReader.IsNothing(value) => null,
            YamlMappingNode mapping => Merge(before as YamlMappingNode, mapping),
            YamlSequenceNode list when before is YamlSequenceNode known && Sets.Contains(name) => new YamlSequenceNode(known.Children.Concat(list.Children.Where(item => !Has(known, TextOf(item))))),
            _ => value,
        };
        merged.Children.Remove(key);
        if (after is not null)
        {
            merged.Children[key] = after;
        }
    }

    private static void Remove(YamlMappingNode merged, string name, YamlNode words)
    {
        if (Find(merged, name) is YamlSequenceNode known && words is YamlSequenceNode removed)
        {
            merged.Children[new YamlScalarNode(name)] = new YamlSequenceNode(known.Children.Where(item => !Has(removed, TextOf(item))));
        }
    }

    private static bool Has(YamlSequenceNode list, string? text) => list.Children.Any(item => TextOf(item) == text);

    private static YamlNode? Find(YamlMappingNode mapping, string name) => mapping.Children.FirstOrDefault(member => TextOf(member.Key) == name).Value;

    private static string? TextOf(YamlNode? node) => (node as YamlScalarNode)?.Value;
}
