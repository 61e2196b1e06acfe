// When, in a week, something is allowed.
namespace Bootc.Updates.Windows;

/// <summary>
/// Windows of a week, in the clock time of a zone. What the clocks of the zone show is what counts: where they are set forward, a
/// window is shorter or is left out; where they are set back, it is longer.
/// </summary>
/// <param name="windows">The windows, which may overlap.</param>
/// <param name="zone">The zone.</param>
public sealed class WeeklyCalendar(IReadOnlyList<WeeklyWindow> windows, TimeZoneInfo zone)
{
    private static readonly TimeSpan Horizon = TimeSpan.FromDays(22); // a window that the clock passes over is there in the week after, or the next

    /// <summary>The windows.</summary>
    public IReadOnlyList<WeeklyWindow> Windows { get; } = windows;

    /// <summary>The zone.</summary>
    public TimeZoneInfo Zone { get; } = zone;

    /// <summary>The lengths of all windows together, in minutes.</summary>
    public int TotalMinutes => Windows.Sum(window => window.Length);

    /// <summary>How many minutes of a week lie in windows, those in several counted once.</summary>
    public static int CountMinutes(IEnumerable<WeeklyWindow> windows)
    {
        int total = 0, end = 0;
        foreach (WeeklyWindow window in windows.OrderBy(window => window.Start))
        {
            total += Math.Max(0, window.Start + window.Length - Math.Max(end, window.Start));
            end = Math.Max(end, window.Start + window.Length);
        }

        return total;
    }

    /// <summary>Whether a window is open.</summary>
    public bool IsOpen(DateTimeOffset now)
    {
        DateTimeOffset local = TimeZoneInfo.ConvertTime(now, Zone);
        int minute = WeeklyWindow.MinuteOf(local.DayOfWeek, TimeOnly.FromDateTime(local.DateTime));
        return Windows.Any(window => window.Contains(minute));
    }

    /// <summary>When a window is open next: now, or the beginning of a minute; <see langword="null"/> when none ever is.</summary>
    public DateTimeOffset? NextOpening(DateTimeOffset now)
    {
        if (Windows.Count == 0 || IsOpen(now))
        {
            return Windows.Count == 0 ? null : now;
        }

        // Minute by minute: it is a few thousand steps at most, and right however the clocks are set in between.
        DateTimeOffset minute = new DateTimeOffset(now.Ticks - (now.Ticks % TimeSpan.TicksPerMinute), now.Offset);
        for (DateTimeOffset end = minute + Horizon; minute < end;)
        {
            minute = minute.AddMinutes(1);
            if (IsOpen(minute))
            {
                return minute;
            }
        }

        return null;
    }
}
