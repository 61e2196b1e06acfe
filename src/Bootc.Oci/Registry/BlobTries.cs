// How often the connection for a blob may break.
namespace Bootc.Oci.Registry;

/// <summary>
/// Counts broken connections: progress gives new tries, but not any progress. A server that closes the connection after each
/// byte would otherwise hold up a pull for years.
/// </summary>
internal sealed class BlobTries(RegistryClient client)
{
    private const int Progress = 64 * 1024; // links that lose one packet in a hundred get further than that with a few tries

    private int _failures;
    private long _came;

    /// <summary>Takes note of bytes that came.</summary>
    public void Advance(int bytes)
    {
        _came += bytes;
        if (_came >= Progress)
        {
            Renew();
        }
    }

    /// <summary>Takes note that all of a range came, however small: there are only so many of them.</summary>
    public void Renew()
    {
        _came = 0;
        _failures = 0;
    }

    /// <summary>Waits before the next try.</summary>
    /// <param name="failure">What is told when there is none.</param>
    /// <param name="cause">What broke the connection.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="RegistryException">There is none.</exception>
    public async Task PauseAsync(string failure, Exception? cause, CancellationToken cancellation)
    {
        if (++_failures >= client.Options.Attempts)
        {
            throw new RegistryException($"{failure} (tried {_failures} times)", null, cause);
        }

        await Task.Delay(client.DelayBefore(_failures), cancellation).ConfigureAwait(false);
    }
}
