// How an update spreads over a fleet.
namespace Bootc.Updates.Graph;

/// <summary>
/// A rollout. Each host has a wariness between 0 and 1; a rollout has a progress between 0 and 1, and reaches the hosts whose
/// wariness is not above it. Hosts of wariness 0 are reached at once.
/// </summary>
public sealed record Rollout
{
    /// <summary>When it begins.</summary>
    public DateTimeOffset Start { get; init; } = DateTimeOffset.UnixEpoch;

    /// <summary>The progress at the start, 0 to 1.</summary>
    public double StartValue { get; init; }

    /// <summary>How long until it reaches all hosts, at least a minute; it stays at its start when there is none.</summary>
    public TimeSpan? Duration { get; init; }

    /// <summary>The power of the elapsed share of the duration with which progress grows: 1 evenly, 2 slowly at first, 0.5 quickly at first.</summary>
    public double Exponent { get; init; } = 1;

    /// <summary>When it has reached all hosts; <see langword="null"/> when it never does.</summary>
    public DateTimeOffset? End => Duration is { } duration ? Add(Start, Longer(duration)) : StartValue >= 1 ? Start : null;

    /// <summary>The progress at a time, 0 to 1.</summary>
    public double ProgressAt(DateTimeOffset now)
    {
        if (now < Start)
        {
            return 0;
        }

        if (Duration is not { } duration)
        {
            return StartValue;
        }

        double elapsed = (now - Start) / Longer(duration);
        return elapsed > 1 ? 1 : StartValue + ((1 - StartValue) * Math.Pow(elapsed, Exponent));
    }

    /// <summary>Whether it has reached a host of this wariness.</summary>
    public bool Reaches(double wariness, DateTimeOffset now) => wariness <= ProgressAt(now);

    /// <summary>When it reaches a host of this wariness; <see langword="null"/> when it never does.</summary>
    public DateTimeOffset? ReachesAt(double wariness)
    {
        if (wariness <= 0)
        {
            return DateTimeOffset.MinValue;
        }

        if (wariness <= StartValue)
        {
            return Start;
        }

        if (Duration is not { } duration)
        {
            return null;
        }

        double elapsed = Math.Pow(Math.Min(1, (wariness - StartValue) / (1 - StartValue)), 1 / Exponent);
        return Add(Start, Longer(duration) * elapsed);
    }

    private static DateTimeOffset Add(DateTimeOffset time, TimeSpan span) => span > DateTimeOffset.MaxValue - time ? DateTimeOffset.MaxValue : time + span;

    private static TimeSpan Longer(TimeSpan duration) => duration < TimeSpan.FromMinutes(1) ? TimeSpan.FromMinutes(1) : duration;
}
