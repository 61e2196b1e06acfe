// What a registry sends of a blob: one range of it, or several in the parts of a multipart message.
using System.Net.Http.Headers;
using System.Text;
using Bootc.Oci.Layers.Chunked;

namespace Bootc.Oci.Registry;

/// <summary>
/// Reads an answer with the status 206 (RFC 9110, 14.4 and 14.6): the part that the header Content-Range names, or the parts of
/// <c>multipart/byteranges</c>, each with such a header of its own. Servers may send fewer parts than were asked for, or larger ones.
/// </summary>
internal sealed class PartialAnswer : IDisposable
{
    private const int MaximumLine = 4096;

    private readonly HttpResponseMessage _response;
    private readonly Stream _body;
    private readonly string? _boundary;
    private readonly long _blobSize;
    private readonly byte[] _buffer = new byte[16 * 1024];
    private int _start;
    private int _end;
    private BlobRange? _only;
    private long _partRest;

    private PartialAnswer(HttpResponseMessage response, Stream body, string? boundary, BlobRange? only, long blobSize)
    {
        _response = response;
        _body = body;
        _boundary = boundary;
        _only = only;
        _blobSize = blobSize;
    }

    /// <summary>Where in the blob the next byte belongs.</summary>
    public long Position { get; private set; }

    /// <summary>Where in the blob the part ends.</summary>
    public long PartEnd => Position + _partRest;

    /// <summary>Takes over an answer.</summary>
    /// <exception cref="RangesNotSupportedException">It does not say which part of the blob it is.</exception>
    public static async Task<PartialAnswer> OpenAsync(HttpResponseMessage response, TimeSpan timeout, long blobSize, CancellationToken cancellation)
    {
        HttpContentHeaders headers = response.Content.Headers;
        string? boundary = null;
        BlobRange? only = null;
        if (headers.ContentType is { MediaType: "multipart/byteranges" } type)
        {
            boundary = type.Parameters.FirstOrDefault(parameter => parameter.Name.Equals("boundary", StringComparison.OrdinalIgnoreCase))?.Value?.Trim('"');
        }
        else if (headers.ContentRange is { From: { } from, To: { } to })
        {
            only = ToRange(from, to, blobSize);
        }

        if (boundary is null && only is null)
        {
            response.Dispose();
            throw new RangesNotSupportedException($"{response.RequestMessage?.RequestUri?.Host} sends a part of a blob without saying which");
        }

        return new PartialAnswer(response, new TimedStream(await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false), timeout), boundary, only, blobSize);
    }

    /// <summary>Goes on to the next part, when the one before is read to its end; <see langword="false"/> when there is none.</summary>
    public async ValueTask<bool> NextPartAsync(CancellationToken cancellation)
    {
        if (_boundary is null)
        {
            if (_only is not { } only)
            {
                return false;
            }

            _only = null;
            Enter(only);
            return true;
        }

        string delimiter = "--" + _boundary;
        string line;
        do
        {
            line = await ReadLineAsync(cancellation).ConfigureAwait(false);
            if (line == delimiter + "--")
            {
                return false;
            }
        }
        while (line != delimiter);

        BlobRange? part = null;
        while ((line = await ReadLineAsync(cancellation).ConfigureAwait(false)).Length > 0)
        {
            const string name = "content-range:";
            if (line.StartsWith(name, StringComparison.OrdinalIgnoreCase)
                && ContentRangeHeaderValue.TryParse(line[name.Length..].Trim(), out ContentRangeHeaderValue? range)
                && range is { From: { } from, To: { } to })
            {
                part = ToRange(from, to, _blobSize);
            }
        }

        Enter(part ?? throw new RangesNotSupportedException($"{_response.RequestMessage?.RequestUri?.Host} sends parts of a blob without saying which"));
        return true;
    }

    /// <summary>Reads bytes of the part.</summary>
    /// <returns>How many were read, at least one.</returns>
    /// <exception cref="IOException">The answer ends within the part.</exception>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellation)
    {
        buffer = buffer[..(int)Math.Min(buffer.Length, _partRest)];
        int count;
        if (_start < _end)
        {
            count = Math.Min(buffer.Length, _end - _start);
            _buffer.AsSpan(_start, count).CopyTo(buffer.Span);
            _start += count;
        }
        else
        {
            count = await _body.ReadAsync(buffer, cancellation).ConfigureAwait(false);
            if (count == 0)
            {
                throw new IOException("the connection was closed");
            }
        }

        Position += count;
        _partRest -= count;
        return count;
    }

    public void Dispose()
    {
        _body.Dispose();
        _response.Dispose();
    }

    private static BlobRange ToRange(long from, long to, long blobSize) => from >= 0 && to >= from && to < blobSize
        ? new BlobRange(from, to - from + 1)
        : throw new RangesNotSupportedException($"a part from {from} to {to} was sent of a blob of {blobSize} bytes");

    private void Enter(BlobRange part)
    {
        Position = part.Offset;
        _partRest = part.Length;
    }

    private async ValueTask<string> ReadLineAsync(CancellationToken cancellation)
    {
        var line = new StringBuilder();
        while (line.Length <= MaximumLine)
        {
            if (_start == _end)
            {
                _start = 0;
                _end = await _body.ReadAsync(_buffer, cancellation).ConfigureAwait(false);
                if (_end == 0)
                {
                    throw new IOException("the connection was closed");
                }
            }

            char next = (char)_buffer[_start++];
            if (next == '\n')
            {
                return line.ToString().TrimEnd('\r');
            }

            line.Append(next);
        }

        throw new RangesNotSupportedException($"{_response.RequestMessage?.RequestUri?.Host} sends a multipart message with a line of more than {MaximumLine} characters");
    }
}
