// Every dump file of the composefs project gives the image that the project says, byte for byte, or is refused as there.
using System.IO.Compression;
using System.Security.Cryptography;
using Bootc.Testing;

namespace Bootc.Composefs.Tests;

public class ReferenceDumpTests
{
    private const string Folder = "composefs";

    public static TheoryData<string> Good => [.. Names().Where(name => !name.StartsWith("should-fail", StringComparison.Ordinal)).DefaultIfEmpty("special.dump")];

    public static TheoryData<string> Bad => [.. Names().Where(name => name.StartsWith("should-fail", StringComparison.Ordinal)).DefaultIfEmpty("should-fail-dot-name.dump")];

    [Theory]
    [MemberData(nameof(Good))]
    public void Dump_gives_the_reference_image(string name)
    {
        using Stream dump = Open(name);
        string expected = File.ReadAllText(TestData.Get($"{Folder}/{name}.sha256")).Split(' ', '\n')[0];
        string versionFile = Path.Combine(TestData.Get(Folder), name + ".version");
        int? version = File.Exists(versionFile) ? int.Parse(File.ReadAllText(versionFile)) : null;
        var image = new MemoryStream();

        ComposefsImage.Write(DumpFile.Read(dump), image, new ComposefsOptions(version ?? 0, version ?? 1));

        Assert.Equal(expected, Convert.ToHexStringLower(SHA256.HashData(image.ToArray())));
    }

    [Theory]
    [MemberData(nameof(Bad))]
    public void Malformed_dump_is_refused_with_a_reason(string name)
    {
        using Stream dump = Open(name);

        var refusal = Assert.Throws<ComposefsFormatException>(() => ComposefsImage.ComputeDigest(DumpFile.Read(dump)));

        TestContext.Current.TestOutputHelper?.WriteLine(refusal.Message);
        Assert.True(refusal.Message.Length > 20, refusal.Message);
    }

    private static IEnumerable<string> Names() => TestData.Files(Folder, "*.dump").Concat(TestData.Files(Folder, "*.dump.gz"));

    private static Stream Open(string name)
    {
        string path = TestData.Get($"{Folder}/{name}");

        // A symbolic link of the original project may have become a file that holds its target's name.
        if (new FileInfo(path).Length < 100 && File.ReadAllText(path) is var target && !target.Contains(' '))
        {
            path = TestData.Get($"{Folder}/{target.Trim()}");
        }

        Stream file = File.OpenRead(path);
        return name.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file;
    }
}
