// Reads and writes that leave no trace in memory are like any other, whatever the file system makes of the wish.
using Microsoft.Win32.SafeHandles;

namespace Bootc.Linux.Tests;

public sealed class UncachedFileTests
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

    [Theory]
    [MemberData(nameof(Places))]
    public void Content_is_read_whole_from_the_files_position(string place)
    {
        Assert.SkipUnless(Directory.Exists(place), $"there is no {place}");
        byte[] content = new byte[300_001];
        new Random(6).NextBytes(content);
        string path = Path.Combine(place, $"bootc-linux-{Guid.NewGuid():N}");
        try
        {
            using (SafeFileHandle writer = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write))
            {
                writer.WriteFullyUncached(content); // on a disk it is in memory no longer, and comes back from there
            }

            using SafeFileHandle file = File.OpenHandle(path);
            file.BeginReading(11, 50_000);
            file.Seek(11);
            var read = new List<byte>();
            byte[] buffer = new byte[70_001];
            for (int count; (count = file.ReadSomeUncached(buffer)) > 0;)
            {
                read.AddRange(buffer.AsSpan(0, count));
            }

            Assert.Equal(content[11..], read);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void An_error_of_reading_names_the_file()
    {
        using SafeFileHandle file = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.Write);

        LinuxException error = Assert.Throws<LinuxException>(() => file.ReadSomeUncached(new byte[10], "objects/ab"));

        Assert.Equal(Errno.EBADF, error.Error);
        Assert.Contains("objects/ab", error.Message, StringComparison.Ordinal);
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
