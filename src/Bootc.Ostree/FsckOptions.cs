// How a repository is checked.
namespace Bootc.Ostree;

/// <summary>What a check does about what it finds.</summary>
public sealed record FsckOptions
{
    /// <summary>Corrupt objects are removed and the commits that need them marked partial, so that they can be fetched anew.</summary>
    public bool Delete { get; init; }

    /// <summary>Told how many of how many objects are checked.</summary>
    public IProgress<(long Done, long Total)>? Progress { get; init; }

    /// <summary>Ends the check.</summary>
    public CancellationToken Cancellation { get; init; }
}
