// Writes that leave no trace in memory are writes like any other, whatever the file system makes of the wish.
using Microsoft.Win32.SafeHandles;

namespace Bootc.Linux.Tests;

public sealed class UncachedWriteTests
{
    /// <summary>Of a disk, and of memory alone, which cannot forget what it has.</summary>
    public static TheoryData<string> Places => ["/var/tmp", "/dev/shm"];

    [Theory]
    [MemberData(nameof(Places))]
    public void Content_is_written_whole_at_the_files_position(string place)
    {
        Assert.SkipUnless(Directory.Exists(place), $"there is no {place}");
        byte[] content = new byte[300_001]; // pieces that end within a page, large and small ones by turns
        new Random(5).NextBytes(content);
        string path = Path.Combine(place, $"bootc-linux-{Guid.NewGuid():N}");
        try
        {
            using (SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write))
            {
                file.WriteFullyUncached(content.AsSpan(0, 70_001));
                file.WriteFullyUncached(content.AsSpan(70_001, 10));
                file.WriteFullyUncached([]);
                file.WriteFullyUncached(content.AsSpan(70_011));
            }

            Assert.Equal(content, File.ReadAllBytes(path));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void An_error_names_the_file()
    {
        using SafeFileHandle file = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.Read);

        LinuxException error = Assert.Throws<LinuxException>(() => file.WriteFullyUncached(new byte[100_000], "objects/ab"));

        Assert.Equal(Errno.EBADF, error.Error);
        Assert.Contains("objects/ab", error.Message, StringComparison.Ordinal);
    }
}
