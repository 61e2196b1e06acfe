// A clock that stands until a test sets it.
namespace Bootc.Updates.Tests;

/// <summary>Tells the time that a test set; timers run in real time.</summary>
internal sealed class SettableClock(DateTimeOffset now) : TimeProvider
{
    public DateTimeOffset Now { get; set; } = now;

    public override DateTimeOffset GetUtcNow() => Now;
}
