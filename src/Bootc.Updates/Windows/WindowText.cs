// Days and times as people write them.
using System.Globalization;

namespace Bootc.Updates.Windows;

/// <summary>Reads the parts of a window.</summary>
internal static class WindowText
{
    /// <summary>A day by its name in English or the first three letters of that.</summary>
    public static DayOfWeek? TryParseDay(string name)
    {
        foreach (DayOfWeek day in Enum.GetValues<DayOfWeek>())
        {
            string full = day.ToString();
            if (name.Equals(full, StringComparison.OrdinalIgnoreCase) || name.Equals(full[..3], StringComparison.OrdinalIgnoreCase))
            {
                return day;
            }
        }

        return null;
    }

    /// <summary>A time as <c>23:30</c>.</summary>
    public static TimeOnly? TryParseTime(string text) =>
        text.Split(':') is [var hour, var minute] && TryParse(hour, 23, out int hours) && TryParse(minute, 59, out int minutes) ? new TimeOnly(hours, minutes) : null;

    private static bool TryParse(string text, int maximum, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number <= maximum;
}
