// Who asks for a lock.
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace Bootc.Updates.FleetLock;

/// <summary>A client of the FleetLock protocol, and the group whose semaphore it asks for.</summary>
/// <param name="Id">What identifies the holder of a lock; case matters. At most 256 characters.</param>
/// <param name="Group">The group: letters, digits, <c>.</c> and <c>-</c>.</param>
public sealed partial record FleetLockIdentity(
    [property: JsonPropertyName("id")] string Id,
    [property: JsonPropertyName("group")] string Group)
{
    /// <summary>The group of hosts that are told of none.</summary>
    public const string DefaultGroup = "default";

    private const int MaximumLength = 256;

    /// <summary>What is wrong with it; <see langword="null"/> when nothing is.</summary>
    public string? FindFault() => this switch
    {
        { Group: null or "" } => "empty group",
        { Id: null or "" } => "empty node ID",
        { Id.Length: > MaximumLength } => $"node ID of more than {MaximumLength} characters",
        { Group.Length: > MaximumLength } => $"group of more than {MaximumLength} characters",
        _ when Id.Any(char.IsControl) => "control characters in the node ID",
        _ => DescribeGroup(Group),
    };

    /// <summary>What is wrong with a group's name; <see langword="null"/> when nothing is.</summary>
    public static string? DescribeGroup(string group) =>
        GroupName().IsMatch(group) ? null : $"'{group}' is no group name: letters, digits, '.' and '-' are allowed";

    [GeneratedRegex("^[a-zA-Z0-9.-]+\\z", RegexOptions.CultureInvariant)]
    private static partial Regex GroupName();
}
