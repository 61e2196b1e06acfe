// What the executable prints, compared with files that people have read and found good.
using System.Text.RegularExpressions;
using Bootc.Testing;

namespace Bootc.Cli.Tests;

/// <summary>Golden files. With BOOTC_UPDATE_GOLDEN=1 the tests write them anew; read the difference before you commit it.</summary>
internal static partial class Golden
{
    private static readonly string Folder = Path.Combine(TestData.RepositoryRoot, "tests", "Bootc.Cli.Tests", "Golden");

    /// <summary>Fails unless text equals a golden file, names of temporary directories and digests aside.</summary>
    public static void Check(string name, string text)
    {
        string path = Path.Combine(Folder, name + ".txt");
        string actual = Scrub(text);
        if (Environment.GetEnvironmentVariable("BOOTC_UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(path, actual);
        }

        Assert.Equal(File.ReadAllText(path), actual);
    }

    // What differs from run to run becomes something of the same length, the same for the same text.
    private static string Scrub(string text)
    {
        var letters = new Dictionary<string, char>();
        string scrubbed = TemporaryName().Replace(text, match => match.Groups[1].Value + "XXXXXX");
        return Hexadecimal().Replace(scrubbed, match =>
        {
            string key = match.Value[..12];
            letters.TryAdd(key, (char)('a' + letters.Count));
            return new string(letters[key], match.Length);
        }).Replace(OsImage.Create().Architecture, "amd64");
    }

    [GeneratedRegex("(/tmp/bootc-cli-)[A-Za-z0-9]{6}")]
    private static partial Regex TemporaryName();

    [GeneratedRegex("\\b[0-9a-f]{12,64}\\b")]
    private static partial Regex Hexadecimal();
}
