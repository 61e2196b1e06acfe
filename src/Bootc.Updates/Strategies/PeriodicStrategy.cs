// Reboot in windows of the week.
using System.Globalization;
using Bootc.Updates.Windows;

namespace Bootc.Updates.Strategies;

/// <summary>Says yes while a window is open.</summary>
public sealed class PeriodicStrategy : IUpdateStrategy
{
    private readonly WeeklyCalendar _calendar;
    private readonly TimeProvider _clock;

    /// <param name="calendar">The windows.</param>
    /// <param name="clock">The time.</param>
    /// <exception cref="UpdatesException">There are no windows: the host would never reboot.</exception>
    public PeriodicStrategy(WeeklyCalendar calendar, TimeProvider? clock = null)
    {
        if (calendar.Windows.Count == 0)
        {
            throw new UpdatesException("the strategy periodic has no windows (updates.periodic.window): the host would never be updated");
        }

        _calendar = calendar;
        _clock = clock ?? TimeProvider.System;
    }

    /// <inheritdoc/>
    public string Name => "periodic";

    /// <inheritdoc/>
    public Task<StrategyVerdict> MayRebootAsync(CancellationToken cancellation) => Task.FromResult(Ask(_calendar, _clock.GetUtcNow()));

    /// <inheritdoc/>
    public Task<StrategyVerdict> ReportSteadyAsync(CancellationToken cancellation) => Task.FromResult(StrategyVerdict.Allowed);

    /// <summary>Whether a window is open at a time, or when one opens.</summary>
    internal static StrategyVerdict Ask(WeeklyCalendar calendar, DateTimeOffset now) => calendar.IsOpen(now) ? StrategyVerdict.Allowed
        : calendar.NextOpening(now) is { } opening
            ? new StrategyVerdict(false, $"the next window opens {TimeZoneInfo.ConvertTime(opening, calendar.Zone).ToString("ddd yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)} ({calendar.Zone.Id})") { NotBefore = opening }
            : new StrategyVerdict(false, "no window opens in the next weeks");
}
