// Which of two versions of an RPM package is newer.
namespace Bootc.Layering.Rpm;

/// <summary>Compares versions <c>EPOCH:VERSION-RELEASE</c> as rpm does (rpm-version(7)); an epoch that is not there is zero.</summary>
internal static class RpmVersion
{
    /// <summary>Less than zero where the first is older, more where it is newer.</summary>
    public static int Compare(string first, string second)
    {
        (string epoch, string version, string release) a = Split(first);
        (string epoch, string version, string release) b = Split(second);
        int order = ComparePart(a.epoch, b.epoch);
        order = order != 0 ? order : ComparePart(a.version, b.version);
        return order != 0 ? order : ComparePart(a.release, b.release);
    }

    /// <summary>Compares versions or releases: runs of digits by their value, runs of letters by their bytes, the former being newer.</summary>
    /// <remarks>A tilde sorts before the end, and a caret after it but before anything else that goes on.</remarks>
    internal static int ComparePart(ReadOnlySpan<char> a, ReadOnlySpan<char> b)
    {
        while (true)
        {
            a = TrimSeparators(a);
            b = TrimSeparators(b);
            if (StartsWith(a, '~') || StartsWith(b, '~'))
            {
                if (!StartsWith(a, '~') || !StartsWith(b, '~'))
                {
                    return StartsWith(a, '~') ? -1 : 1;
                }

                a = a[1..];
                b = b[1..];
                continue;
            }

            if (StartsWith(a, '^') || StartsWith(b, '^'))
            {
                if (a.IsEmpty || b.IsEmpty)
                {
                    return a.IsEmpty ? -1 : 1;
                }

                if (!StartsWith(a, '^') || !StartsWith(b, '^'))
                {
                    return StartsWith(a, '^') ? -1 : 1;
                }

                a = a[1..];
                b = b[1..];
                continue;
            }

            if (a.IsEmpty || b.IsEmpty)
            {
                return a.Length.CompareTo(b.Length);
            }

            bool isNumber = char.IsAsciiDigit(a[0]);
            ReadOnlySpan<char> segmentA = Segment(a, isNumber);
            ReadOnlySpan<char> segmentB = Segment(b, isNumber);
            if (segmentB.IsEmpty)
            {
                return isNumber ? 1 : -1;
            }

            int order = isNumber ? CompareNumbers(segmentA, segmentB) : segmentA.SequenceCompareTo(segmentB);
            if (order != 0)
            {
                return order;
            }

            a = a[segmentA.Length..];
            b = b[segmentB.Length..];
        }
    }

    private static (string Epoch, string Version, string Release) Split(string text)
    {
        int colon = text.IndexOf(':');
        string rest = text[(colon + 1)..];
        int dash = rest.LastIndexOf('-');
        return (colon > 0 ? text[..colon] : "0", dash < 0 ? rest : rest[..dash], dash < 0 ? "" : rest[(dash + 1)..]);
    }

    private static bool StartsWith(ReadOnlySpan<char> text, char c) => !text.IsEmpty && text[0] == c;

    private static ReadOnlySpan<char> TrimSeparators(ReadOnlySpan<char> text)
    {
        int i = 0;
        while (i < text.Length && !char.IsAsciiLetterOrDigit(text[i]) && text[i] is not ('~' or '^'))
        {
            i++;
        }

        return text[i..];
    }

    private static ReadOnlySpan<char> Segment(ReadOnlySpan<char> text, bool isNumber)
    {
        int i = 0;
        while (i < text.Length && (isNumber ? char.IsAsciiDigit(text[i]) : char.IsAsciiLetter(text[i])))
        {
            i++;
        }

        return text[..i];
    }

    private static int CompareNumbers(ReadOnlySpan<char> a, ReadOnlySpan<char> b)
    {
        a = a.TrimStart('0');
        b = b.TrimStart('0');
        return a.Length != b.Length ? a.Length.CompareTo(b.Length) : a.SequenceCompareTo(b);
    }
}
