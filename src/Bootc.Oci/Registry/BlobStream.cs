// A blob from a registry that survives broken connections.
using Bootc.Oci.Layers;
using Bootc.Oci.Model;

namespace Bootc.Oci.Registry;

/// <summary>
/// Reads a blob; when the connection breaks or nothing comes for too long, asks for the rest by Range and goes on. Progress
/// gives new tries.
/// </summary>
/// <param name="client">Fetches it.</param>
/// <param name="image">The image that it belongs to.</param>
/// <param name="descriptor">The blob.</param>
/// <param name="start">How many of its bytes are not wanted.</param>
/// <param name="bytesReceived">Told how many bytes have come, those that were not wanted included.</param>
internal sealed class BlobStream(RegistryClient client, RegistryReference image, Descriptor descriptor, long start, IProgress<long>? bytesReceived) : ForwardStream
{
    private HttpResponseMessage? _response;
    private Stream? _body;
    private readonly bool _isEmpty = start > 0 && start == descriptor.Size; // there is nothing that could be asked for
    private long _position = start;
    private readonly BlobTries _tries = new(client);

    public override long Length => descriptor.Size;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    /// <summary>Connects, so that a blob that is not there is told at once.</summary>
    public Task OpenAsync(CancellationToken cancellation) => _isEmpty ? Task.CompletedTask : ConnectAsync(cancellation);

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!_isEmpty)
        {
            string reason;
            Exception? cause = null;
            try
            {
                if (_body is null)
                {
                    await ConnectAsync(cancellationToken).ConfigureAwait(false);
                }

                int count = await _body!.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
                if (count > 0)
                {
                    _position += count;
                    _tries.Advance(count);
                    bytesReceived?.Report(_position);
                    return count;
                }

                if (_position >= descriptor.Size || buffer.IsEmpty)
                {
                    return 0;
                }

                reason = "the connection was closed";
            }
            catch (Exception e) when (e is IOException or TimeoutException or HttpRequestException)
            {
                reason = e.Message;
                cause = e;
            }

            Disconnect();
            await _tries.PauseAsync(
                $"cannot fetch blob {descriptor.Digest} of {image}: after {_position} of {descriptor.Size} bytes {reason}", cause, cancellationToken).ConfigureAwait(false);
        }

        return 0;
    }

    public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Disconnect();
        }

        base.Dispose(disposing);
    }

    private async Task ConnectAsync(CancellationToken cancellation)
    {
        (_response, bool isPartial) = await client.OpenBlobAsync(image, descriptor.Digest, _position, cancellation).ConfigureAwait(false);
        _body = new TimedStream(await _response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false), client.Options.StallTimeout);
        if (!isPartial && _position > 0)
        {
            await SkipAsync(_position, cancellation).ConfigureAwait(false);
        }
    }

    // The registry sent all of it once more: what is here already is read and dropped.
    private async Task SkipAsync(long count, CancellationToken cancellation)
    {
        byte[] buffer = new byte[64 * 1024];
        while (count > 0)
        {
            int read = await _body!.ReadAsync(buffer.AsMemory(0, (int)Math.Min(count, buffer.Length)), cancellation).ConfigureAwait(false);
            if (read == 0)
            {
                throw new IOException("the connection was closed");
            }

            count -= read;
        }
    }

    private void Disconnect()
    {
        _response?.Dispose();
        _response = null;
        _body = null;
    }
}
