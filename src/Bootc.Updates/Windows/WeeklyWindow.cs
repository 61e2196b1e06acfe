// A span of time that comes back every week.
namespace Bootc.Updates.Windows;

/// <summary>
/// A span of minutes of a week that begins on Monday at 0:00. As zincati has it, a window of N minutes is open from its first minute
/// on until the end of the minute N later; one that goes over the end of the week is two, of which the first ends with the week.
/// </summary>
public readonly record struct WeeklyWindow
{
    /// <summary>The minutes of a week.</summary>
    public const int MinutesOfWeek = 7 * MinutesOfDay;

    private const int MinutesOfDay = 24 * 60;

    private WeeklyWindow(int start, int length)
    {
        Start = start;
        Length = length;
    }

    /// <summary>The minute of the week in which it begins.</summary>
    public int Start { get; }

    /// <summary>How many minutes it is long.</summary>
    public int Length { get; }

    /// <summary>The windows that a time span gives: two when it goes over the end of the week, otherwise one.</summary>
    /// <param name="day">The day on which it begins.</param>
    /// <param name="time">The time at which it begins; seconds do not count.</param>
    /// <param name="minutes">How long it is: 1 minute to a week.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is longer than a week, or nothing.</exception>
    public static IReadOnlyList<WeeklyWindow> Create(DayOfWeek day, TimeOnly time, int minutes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(minutes, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minutes, MinutesOfWeek);
        int start = MinuteOf(day, time), beyond = Math.Max(0, start + minutes - MinutesOfWeek);
        return beyond == 0 ? [new WeeklyWindow(start, minutes)] : [new WeeklyWindow(start, minutes - beyond), new WeeklyWindow(0, beyond)];
    }

    /// <summary>The minute of the week of a day and time.</summary>
    public static int MinuteOf(DayOfWeek day, TimeOnly time) => ((((int)day + 6) % 7) * MinutesOfDay) + (time.Hour * 60) + time.Minute;

    /// <summary>Whether it is open in a minute of the week.</summary>
    public bool Contains(int minute) => minute >= Start && minute <= Start + Length;
}
