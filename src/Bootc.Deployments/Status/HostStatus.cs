// What a host is.
using System.Text.Json.Serialization;

namespace Bootc.Deployments.Status;

/// <summary>The deployments of a host by their role.</summary>
public sealed record HostStatus
{
    /// <summary>The one that shutdown makes the default.</summary>
    public BootEntryStatus? Staged { get; init; }

    /// <summary>The one that is running.</summary>
    public BootEntryStatus? Booted { get; init; }

    /// <summary>The one to fall back to.</summary>
    public BootEntryStatus? Rollback { get; init; }

    /// <summary>All others; of a sysroot that is not running, first the one that boots next.</summary>
    public BootEntryStatus[]? OtherDeployments { get; init; }

    /// <summary>Whether the next boot falls back.</summary>
    public bool RollbackQueued { get; init; }

    /// <summary>Why the boot before could not finalize the staged deployment; absent when it did, or none was staged.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? FinalizationFailure { get; init; }

    /// <summary>The digests of images that failed their checks when they were booted, and why; absent when there are none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SortedDictionary<string, string>? FailedBoots { get; init; }

    /// <summary>How far the store is sealed with fs-verity: <c>unsealed</c>, <c>sealing</c>, <c>sealed</c>; absent where it is not and need not be.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Integrity { get; init; }

    /// <summary><c>bootcHost</c> on a running host.</summary>
    public string? Type { get; init; }
}
