// A time in a tar header, to the nanosecond.
using System.Globalization;

namespace Bootc.Oci.Layers.Chunked;

/// <summary>A time, as headers have it.</summary>
/// <param name="Seconds">Seconds since 1970.</param>
/// <param name="Nanoseconds">Nanoseconds after that, 0 to 999,999,999.</param>
internal readonly record struct TarTime(long Seconds, int Nanoseconds = 0)
{
    /// <summary>Reads the decimal number of a PAX record; digits beyond nanoseconds do not count.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static TarTime Parse(string text)
    {
        int dot = text.IndexOf('.');
        long seconds = long.TryParse(dot < 0 ? text : text[..dot], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) && number > long.MinValue
            ? number
            : throw new FormatException("a time is no number");
        string fraction = dot < 0 ? "" : text[(dot + 1)..];
        int nanoseconds = fraction.Length == 0 ? 0 : int.Parse(fraction[..Math.Min(9, fraction.Length)].PadRight(9, '0'), NumberStyles.None, CultureInfo.InvariantCulture);
        return nanoseconds > 0 && text.StartsWith('-') ? new TarTime(seconds - 1, 1_000_000_000 - nanoseconds) : new TarTime(seconds, nanoseconds);
    }

    /// <summary>The time as RFC 3339 has it, in UTC, without zeros at the end.</summary>
    /// <exception cref="FormatException">It is not between the years 1 and 9999.</exception>
    public override string ToString()
    {
        const long first = -62135596800;
        const long last = 253402300799;
        if (Seconds is < first or > last)
        {
            throw new FormatException($"the time {Seconds} is out of range");
        }

        string fraction = Nanoseconds == 0 ? "" : "." + Nanoseconds.ToString("D9", CultureInfo.InvariantCulture).TrimEnd('0');
        return DateTimeOffset.FromUnixTimeSeconds(Seconds).ToString("yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture) + fraction + "Z";
    }
}
