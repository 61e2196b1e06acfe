// A clock that stands until a test sets it.
namespace Bootc.Updates.Tests;

/// <summary>Tells the time that a test set; timers run in real time.</summary>
internal sealed class SettableClock(DateTimeOffset now) : TimeProvider
{
    private long _elapsed;

    public DateTimeOffset Now { get; set; } = now;

    public override DateTimeOffset GetUtcNow() => Now;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => _elapsed;

    /// <summary>Lets time go by, by all clocks.</summary>
    public void Advance(TimeSpan time)
    {
        _elapsed += time.Ticks;
        Now += time;
    }
}
