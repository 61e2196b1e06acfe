// Keys and certificates as text (RFC 7468).
using System.Security.Cryptography;
using System.Text;

namespace Bootc.Signatures.Keys;

internal static class Pem
{
    /// <summary>Reads all blocks; what stands between them must be white space.</summary>
    /// <exception cref="FormatException">There is something else, or nothing.</exception>
    public static IReadOnlyList<(string Label, byte[] Content)> ReadAll(ReadOnlySpan<byte> text)
    {
        var blocks = new List<(string, byte[])>();
        ReadOnlySpan<char> rest = Encoding.Latin1.GetString(text);
        while (!rest.IsWhiteSpace())
        {
            if (!PemEncoding.TryFind(rest, out PemFields fields))
            {
                throw new FormatException(blocks.Count == 0 ? "it is not in PEM format" : "something other than PEM follows");
            }

            blocks.Add((rest[fields.Label].ToString(), Convert.FromBase64String(rest[fields.Base64Data].ToString())));
            rest = rest[fields.Location.End..];
        }

        return blocks.Count > 0 ? blocks : throw new FormatException("it is empty");
    }

    /// <summary>Reads the only block.</summary>
    /// <exception cref="FormatException">There is none, or another.</exception>
    public static (string Label, byte[] Content) ReadOne(ReadOnlySpan<byte> text) =>
        ReadAll(text) is [var only] ? only : throw new FormatException("it has more than one PEM block");
}
