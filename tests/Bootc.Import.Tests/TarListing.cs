// A tar stream as text, for comparing.
using System.Security.Cryptography;
using System.Text;
using Bootc.Import.Tar;
using Bootc.Linux;

namespace Bootc.Import.Tests;

internal static class TarListing
{
    /// <summary>All that the reader tells of each entry, one a line.</summary>
    public static string[] Of(Stream tar)
    {
        var lines = new List<string>();
        using var reader = new TarReader(tar, "the layer");
        while (reader.Next() is { } entry)
        {
            string attributes = string.Join(',', entry.ExtendedAttributes.OrderBy(attribute => attribute.Name, StringComparer.Ordinal).Select(Show));
            string content = entry.Kind == TarEntryKind.RegularFile ? Convert.ToHexStringLower(ReadContent(reader, entry.Size))[..16] : "";
            lines.Add($"{entry.Name}|{entry.Kind}|{Convert.ToString(entry.Permissions, 8)}|{entry.Uid}:{entry.Gid}|{entry.Size}|{entry.LinkName}|{attributes}|{content}");
        }

        return [.. lines];
    }

    public static string[] Of(string path)
    {
        using FileStream tar = File.OpenRead(path);
        return Of(tar);
    }

    private static string Show(ExtendedAttribute attribute) => $"{attribute.Name}={Convert.ToHexStringLower(attribute.Value)}";

    private static byte[] ReadContent(TarReader reader, long size)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[10_007];
        long total = 0;
        for (int count; (count = reader.Read(buffer)) > 0; total += count)
        {
            hash.AppendData(buffer, 0, count);
        }

        Assert.Equal(size, total);
        return hash.GetHashAndReset();
    }
}
