// Sizes and digests in few characters.
using System.Globalization;
using Bootc.Oci.Model;

namespace Bootc.Cli.Presentation;

internal static class Bytes
{
    public static string Format(long bytes) => bytes switch
    {
        < 1000 => $"{bytes} B",
        < 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1000.0:F1} kB"),
        < 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1_000_000.0:F1} MB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1_000_000_000.0:F2} GB"),
    };

    public static string Short(Digest digest) => Short(digest.ToString());

    public static string Short(string digest)
    {
        int colon = digest.IndexOf(':');
        return digest.Length > colon + 13 ? digest[..(colon + 13)] : digest;
    }
}
