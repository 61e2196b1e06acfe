// Gives a reader one input after the other, and sees that it survives.
namespace Bootc.Testing;

/// <summary>
/// Runs a reader on inputs that are made at random. An error that is not expected of it, one that hangs and one that takes too much
/// memory fail the test, and the message names a file with the input.
/// </summary>
public static class Fuzz
{
    /// <summary>How many bytes a reader may allocate for one input, unless said otherwise.</summary>
    public const long DefaultAllocation = 96L << 20;

    // No statement about speed: a reader that takes so long for a small input has no end.
    private static readonly TimeSpan Hang = TimeSpan.FromMinutes(2);

    /// <summary>Reads a number of inputs.</summary>
    /// <param name="rounds">How many.</param>
    /// <param name="make">Makes the next input.</param>
    /// <param name="read">Reads it.</param>
    /// <param name="isExpected">Whether an error is one that the reader names.</param>
    /// <param name="maximumAllocation">How many bytes may be allocated for one.</param>
    /// <returns>How many inputs were refused.</returns>
    public static int Run(int rounds, Func<byte[]> make, Action<byte[]> read, Func<Exception, bool> isExpected, long maximumAllocation = DefaultAllocation)
    {
        int refused = 0;
        for (int round = 0; round < rounds; round++)
        {
            byte[] input = make();
            var attempt = new Attempt(input, read, isExpected);
            Task task = Task.Run(attempt.Run);
            if (!task.Wait(Hang))
            {
                throw Failure(input, round, "has no end", null);
            }

            if (attempt.Unexpected is { } error)
            {
                throw Failure(input, round, $"throws {error.GetType().Name}: {error.Message}", error);
            }

            if (attempt.Allocated > maximumAllocation)
            {
                throw Failure(input, round, $"takes {attempt.Allocated} bytes of memory", null);
            }

            refused += attempt.IsRefused ? 1 : 0;
        }

        return refused;
    }

    private static InvalidOperationException Failure(byte[] input, int round, string why, Exception? cause)
    {
        string path = Path.Combine(Path.GetTempPath(), $"bootc-fuzz-{Environment.ProcessId}-{round}");
        File.WriteAllBytes(path, input);
        return new InvalidOperationException($"input {round}, which is in {path}, {why}", cause);
    }

    private sealed class Attempt(byte[] input, Action<byte[]> read, Func<Exception, bool> isExpected)
    {
        public long Allocated { get; private set; }

        public bool IsRefused { get; private set; }

        public Exception? Unexpected { get; private set; }

        public void Run()
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                read(input);
            }
            catch (Exception e) when (isExpected(e))
            {
                IsRefused = true;
            }
            catch (Exception e)
            {
                Unexpected = e;
            }

            Allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }
}
