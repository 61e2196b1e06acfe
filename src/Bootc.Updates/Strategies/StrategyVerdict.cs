// What a strategy says.
namespace Bootc.Updates.Strategies;

/// <summary>Whether a host may go on.</summary>
/// <param name="IsAllowed">Whether it may.</param>
/// <param name="Reason">What it waits for, for people.</param>
public sealed record StrategyVerdict(bool IsAllowed, string? Reason = null)
{
    /// <summary>It may.</summary>
    public static StrategyVerdict Allowed { get; } = new(true);

    /// <summary>Whether what is staged is not what is wanted any more, so that the agent looks anew.</summary>
    public bool IsOutdated { get; init; }

    /// <summary>Whether it is not known whether it may, or a lock manager refuses, which zincati counts as an error.</summary>
    public bool IsError { get; init; }

    /// <summary>When it may, where that is known.</summary>
    public DateTimeOffset? NotBefore { get; init; }
}
