// Writes a tar-split, compressed.
using System.Buffers;
using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using ZstdSharp;

namespace Bootc.Oci.Layers.Chunked;

/// <summary>The lines that <see cref="TarSplitReader"/> reads.</summary>
internal sealed class TarSplitWriter : IDisposable
{
    private const int FlushSize = 64 * 1024;

    private readonly ArrayBufferWriter<byte> _buffer = new(2 * FlushSize);
    private readonly MemoryStream _compressed = new();
    private readonly CompressionStream _compression;
    private readonly Utf8JsonWriter _json;
    private int _count;

    public TarSplitWriter(int level)
    {
        _compression = new CompressionStream(_compressed, level);
        _json = new Utf8JsonWriter(_buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });
    }

    /// <summary>How many bytes it has uncompressed.</summary>
    public long Size { get; private set; }

    /// <summary>Adds bytes of the stream.</summary>
    public void AddBytes(ReadOnlySpan<byte> bytes)
    {
        _json.WriteStartObject();
        _json.WriteNumber("type"u8, 2);
        _json.WriteBase64String("payload"u8, bytes);
        EndLine();
    }

    /// <summary>Adds the place of a file's content.</summary>
    /// <param name="name">The file's name.</param>
    /// <param name="size">The size of its content.</param>
    /// <param name="crc">The content's CRC-64, if it has any content.</param>
    public void AddFile(ReadOnlySpan<byte> name, long size, ulong? crc)
    {
        _json.WriteStartObject();
        _json.WriteNumber("type"u8, 1);
        if (Utf8.IsValid(name))
        {
            _json.WriteString("name"u8, name);
        }
        else
        {
            _json.WriteBase64String("name_raw"u8, name);
        }

        if (size > 0)
        {
            _json.WriteNumber("size"u8, size);
        }

        if (crc is { } value)
        {
            Span<byte> payload = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64BigEndian(payload, value);
            _json.WriteBase64String("payload"u8, payload);
        }
        else
        {
            _json.WriteNull("payload"u8);
        }

        EndLine();
    }

    /// <summary>All of it, compressed.</summary>
    public byte[] Complete()
    {
        Compress();
        _compression.Dispose();
        return _compressed.ToArray();
    }

    public void Dispose()
    {
        _json.Dispose();
        _compression.Dispose();
    }

    private void EndLine()
    {
        _json.WriteNumber("position"u8, _count++);
        _json.WriteEndObject();
        _json.Flush();
        _json.Reset();
        _buffer.Write("\n"u8);
        if (_buffer.WrittenCount >= FlushSize)
        {
            Compress();
        }
    }

    private void Compress()
    {
        Size += _buffer.WrittenCount;
        _compression.Write(_buffer.WrittenSpan);
        _buffer.ResetWrittenCount();
    }
}
