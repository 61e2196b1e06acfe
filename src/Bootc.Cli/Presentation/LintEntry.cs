// A check in the list of checks.
using System.Text.Json.Serialization;

namespace Bootc.Cli.Presentation;

/// <summary>A check.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type"><c>fatal</c> or <c>warning</c>.</param>
/// <param name="Description">What is checked, and why.</param>
/// <param name="RootType"><c>Running</c> or <c>Alternative</c>, where it is for one kind of root only.</param>
internal sealed record LintEntry(
    string Name,
    string Type,
    string Description,
    [property: JsonPropertyName("root_type"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? RootType);
