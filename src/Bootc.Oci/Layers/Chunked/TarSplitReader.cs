// Reads a tar-split: what of a tar stream is not content of files, and where such content belongs.
using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using Bootc.Linux;

namespace Bootc.Oci.Layers.Chunked;

/// <summary>
/// Reads a tar-split entry by entry (https://github.com/vbatts/tar-split): a JSON object a line, <c>{"type": 2, "payload":
/// "base64"}</c> for bytes of the stream and <c>{"type": 1, "name": ..., "size": ..., "payload": "CRC-64"}</c> for the content of a
/// file. What comes of it is checked by the diff-id of the stream that is put together.
/// </summary>
/// <param name="source">The tar-split, not compressed; disposed with the reader.</param>
/// <param name="limit">How many bytes it has at the most.</param>
/// <param name="what">What it belongs to, for errors.</param>
public sealed class TarSplitReader(Stream source, long limit, string what) : IDisposable
{
    private const int FileContent = 1;
    private const int StreamBytes = 2;
    private const int MaximumLine = 8 << 20;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
    private byte[] _payload = [];
    private int _start;
    private int _end;
    private int _payloadLength;
    private long _read;
    private string? _name;
    private byte[]? _rawName;

    /// <summary>Whether the entry is the content of a file; otherwise it is bytes of the stream.</summary>
    public bool IsFile { get; private set; }

    /// <summary>The size of the file's content in bytes.</summary>
    public long Size { get; private set; }

    /// <summary>The file's name, as <see cref="FileName"/> decodes it.</summary>
    public string Name => _rawName is { } raw ? FileName.Decode(raw) : _name ?? "";

    /// <summary>The bytes of the stream; valid until the next entry is read.</summary>
    public ReadOnlyMemory<byte> Payload => _payload.AsMemory(0, _payloadLength);

    /// <summary>Moves to the next entry; <see langword="false"/> at the end.</summary>
    /// <exception cref="LayerFormatException">The tar-split is damaged.</exception>
    public bool Next()
    {
        try
        {
            ReadOnlySpan<byte> line;
            do
            {
                if (!TryTakeLine(out line))
                {
                    return false;
                }
            }
            while (line.IsEmpty);

            Parse(line);
            return true;
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException or InvalidDataException or EndOfStreamException or ZstdSharp.ZstdException)
        {
            throw new LayerFormatException($"{what} has a damaged tar-split: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        source.Dispose();
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }
    }

    private bool TryTakeLine(out ReadOnlySpan<byte> line)
    {
        int searched = _start;
        while (true)
        {
            int length = _buffer.AsSpan(searched, _end - searched).IndexOf((byte)'\n');
            if (length >= 0)
            {
                line = _buffer.AsSpan(_start, searched + length - _start);
                _start = searched + length + 1;
                return true;
            }

            int known = _end - _start;
            if (!Fill())
            {
                line = _buffer.AsSpan(_start, known);
                _start = _end;
                return known > 0;
            }

            searched = _start + known;
        }
    }

    private bool Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length)
        {
            if (_end >= MaximumLine)
            {
                throw new FormatException($"a line has more than {MaximumLine} bytes");
            }

            byte[] larger = ArrayPool<byte>.Shared.Rent(_buffer.Length * 2);
            _buffer.CopyTo(larger, 0);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }

        int count = source.Read(_buffer.AsSpan(_end));
        _end += count;
        _read += count;
        return _read <= limit ? count > 0 : throw new FormatException($"it has more than {limit} bytes");
    }

    private void Parse(ReadOnlySpan<byte> line)
    {
        int type = 0;
        Size = 0;
        _payloadLength = 0;
        _name = null;
        _rawName = null;
        var reader = new Utf8JsonReader(line);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new FormatException("a line is no JSON object");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("type"u8))
            {
                reader.Read();
                type = reader.GetInt32();
            }
            else if (reader.ValueTextEquals("size"u8))
            {
                reader.Read();
                Size = reader.GetInt64();
            }
            else if (reader.ValueTextEquals("payload"u8))
            {
                reader.Read();
                TakePayload(ref reader);
            }
            else if (reader.ValueTextEquals("name"u8))
            {
                reader.Read();
                _name = reader.GetString();
            }
            else if (reader.ValueTextEquals("name_raw"u8))
            {
                reader.Read();
                _rawName = reader.TokenType == JsonTokenType.Null ? null : reader.GetBytesFromBase64();
            }
            else
            {
                reader.Skip();
            }
        }

        IsFile = type switch
        {
            FileContent => Size >= 0 ? true : throw new FormatException($"a file has the size {Size}"),
            StreamBytes => false,
            _ => throw new FormatException($"an entry has the unknown type {type}"),
        };
    }

    private void TakePayload(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Null)
        {
            return;
        }

        if (reader.ValueIsEscaped)
        {
            _payload = reader.GetBytesFromBase64();
            _payloadLength = _payload.Length;
            return;
        }

        ReadOnlySpan<byte> text = reader.ValueSpan;
        if (_payload.Length < text.Length)
        {
            _payload = new byte[Math.Max(1024, text.Length)];
        }

        if (Base64.DecodeFromUtf8(text, _payload, out _, out _payloadLength) != OperationStatus.Done)
        {
            throw new FormatException("a payload is no base64");
        }
    }
}
