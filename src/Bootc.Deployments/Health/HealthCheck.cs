// One check of whether a boot went well: a program, and how it ended.
namespace Bootc.Deployments.Health;

/// <summary>How a check ended.</summary>
/// <param name="Name">The program's name.</param>
/// <param name="IsRequired">Whether the boot counts as failed when the check fails.</param>
/// <param name="Failure">Why it failed: its exit code and the last line that it printed; <see langword="null"/> when it passed.</param>
public sealed record HealthCheck(string Name, bool IsRequired, string? Failure);
