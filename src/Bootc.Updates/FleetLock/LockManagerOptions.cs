// What a lock manager is told.
namespace Bootc.Updates.FleetLock;

/// <summary>Settings of a <see cref="LockManager"/>.</summary>
public sealed record LockManagerOptions
{
    /// <summary>The groups and how many slots each has. A group whose semaphore has another number gets this one.</summary>
    public required IReadOnlyDictionary<string, ulong> Groups { get; init; }

    /// <summary>What who forces a lock open must know; nobody can when there is none.</summary>
    public string? AdminToken { get; init; }

    /// <summary>Whether the id of a lock must be a name in the client's certificate.</summary>
    public bool BindsIdToCertificate { get; init; }

    /// <summary>How long a request may take until it fails.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Takes a line for the log.</summary>
    public Action<string> Log { get; init; } = _ => { };

    /// <summary>The time.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
