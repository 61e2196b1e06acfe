// The body of a request that is read from where it is while it is sent.
using System.Buffers;
using System.Net;

namespace Bootc.Oci.Registry;

/// <summary>
/// A body that is opened when it is sent, and anew when it has to be sent once more, as after a redirect or a token that
/// expired. It is read to its very end, so that a source that checks itself does so before the request is complete.
/// </summary>
/// <param name="open">Opens what is sent, from its first byte.</param>
/// <param name="skip">How many bytes of it are not sent.</param>
/// <param name="length">How many bytes are sent at the most; <see langword="null"/> when that is not known.</param>
/// <param name="isWhole">Whether what is sent ends where the source ends.</param>
internal sealed class UploadContent(Func<CancellationToken, Task<Stream>> open, long skip, long? length, bool isWhole) : HttpContent
{
    private const int BufferSize = 128 * 1024;

    /// <summary>A body that is in memory.</summary>
    public UploadContent(ReadOnlyMemory<byte> content)
        : this(_ => Task.FromResult<Stream>(new MemoryStream(content.ToArray(), writable: false)), 0, content.Length, isWhole: true)
    {
    }

    /// <summary>Called whenever bytes went out, and told whether these were the last ones.</summary>
    public Action<bool>? Moved { get; set; }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            Stream source = await open(cancellationToken).ConfigureAwait(false);
            await using (source.ConfigureAwait(false))
            {
                await SkipAsync(source, buffer, cancellationToken).ConfigureAwait(false);
                await SendAsync(source, stream, buffer, cancellationToken).ConfigureAwait(false);
            }

            Moved?.Invoke(true);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    protected override bool TryComputeLength(out long computed)
    {
        computed = length ?? 0;
        return length is not null;
    }

    private async Task SkipAsync(Stream source, byte[] buffer, CancellationToken cancellation)
    {
        for (long left = skip; left > 0;)
        {
            int count = await ReadAsync(source, buffer, left, cancellation).ConfigureAwait(false);
            left -= count > 0 ? count : throw EndedEarly();
            Moved?.Invoke(false);
        }
    }

    private async Task SendAsync(Stream source, Stream target, byte[] buffer, CancellationToken cancellation)
    {
        for (long left = length ?? long.MaxValue; left > 0;)
        {
            int count = await ReadAsync(source, buffer, left, cancellation).ConfigureAwait(false);
            if (count == 0)
            {
                if (length is not null)
                {
                    throw EndedEarly();
                }

                return;
            }

            await target.WriteAsync(buffer.AsMemory(0, count), cancellation).ConfigureAwait(false);
            left -= count;
            Moved?.Invoke(false);
        }

        if (isWhole && await ReadAsync(source, buffer, 1, cancellation).ConfigureAwait(false) > 0)
        {
            throw new OciException($"what is pushed has more than the {skip + length} bytes that were announced");
        }
    }

    // A file that cannot be read is no broken connection, which would be worth another try.
    private static async Task<int> ReadAsync(Stream source, byte[] buffer, long limit, CancellationToken cancellation)
    {
        try
        {
            return await source.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, limit)), cancellation).ConfigureAwait(false);
        }
        catch (IOException e)
        {
            throw new OciException($"what is pushed cannot be read: {e.Message}", e);
        }
    }

    private OciException EndedEarly() => new($"what is pushed has fewer than the {skip + length} bytes that were announced");
}
