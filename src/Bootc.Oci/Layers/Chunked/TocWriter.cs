// Writes the table of contents, compressed, entry by entry.
using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using ZstdSharp;

namespace Bootc.Oci.Layers.Chunked;

/// <summary>The JSON that <see cref="TableOfContents"/> reads, with all that a table has.</summary>
internal sealed class TocWriter : IDisposable
{
    private const int FlushSize = 64 * 1024;

    private readonly ArrayBufferWriter<byte> _buffer = new(2 * FlushSize);
    private readonly MemoryStream _compressed = new();
    private readonly CompressionStream _compression;
    private readonly Utf8JsonWriter _json;

    public TocWriter(int level)
    {
        _compression = new CompressionStream(_compressed, level);
        _json = new Utf8JsonWriter(_buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });
        _json.WriteStartObject();
        _json.WriteNumber("version"u8, 1);
        _json.WriteStartArray("entries"u8);
    }

    /// <summary>How many bytes the table has uncompressed.</summary>
    public long Size => _json.BytesCommitted;

    /// <summary>Adds an entry.</summary>
    /// <param name="header">The entry's header.</param>
    /// <param name="type">Its type, as tables of contents have it.</param>
    /// <param name="digest">The digest of its content, if it has any.</param>
    /// <param name="chunks">Its content, if it has any.</param>
    /// <exception cref="FormatException">The header has a time that cannot be told.</exception>
    public void Add(TarHeader header, string type, ContentDigest digest, IReadOnlyList<TocChunk> chunks)
    {
        _json.WriteStartObject();
        _json.WriteString("type"u8, type);
        string name = Encoding.UTF8.GetString(header.Name);
        _json.WriteString("name"u8, name);
        if (header.LinkName.Length > 0)
        {
            _json.WriteString("linkName"u8, Encoding.UTF8.GetString(header.LinkName));
        }

        WriteNumber("mode"u8, header.Mode);
        WriteNumber("size"u8, header.Size);
        WriteNumber("uid"u8, header.Uid);
        WriteNumber("gid"u8, header.Gid);
        _json.WriteString("modtime"u8, header.Modified.ToString());
        if (header.Accessed is { } accessed)
        {
            _json.WriteString("accesstime"u8, accessed.ToString());
        }

        if (header.Changed is { } changed)
        {
            _json.WriteString("changetime"u8, changed.ToString());
        }

        WriteNumber("devMajor"u8, header.DeviceMajor);
        WriteNumber("devMinor"u8, header.DeviceMinor);
        WriteAttributes(header);
        if (chunks.Count > 0)
        {
            _json.WriteString("digest"u8, digest.ToString());
            _json.WriteNumber("offset"u8, chunks[0].Range.Offset);
            _json.WriteNumber("endOffset"u8, chunks[^1].Range.End);
        }

        if (chunks.Count > 1)
        {
            WriteChunk(chunks[0]);
        }

        _json.WriteEndObject();
        for (int i = 1; i < chunks.Count; i++)
        {
            _json.WriteStartObject();
            _json.WriteString("type"u8, "chunk"u8);
            _json.WriteString("name"u8, name);
            _json.WriteNumber("offset"u8, chunks[i].Range.Offset);
            WriteChunk(chunks[i]);
            _json.WriteEndObject();
        }

        if (_json.BytesPending + _buffer.WrittenCount >= FlushSize)
        {
            Compress();
        }
    }

    /// <summary>The whole table, compressed.</summary>
    public byte[] Complete(ContentDigest tarSplit)
    {
        _json.WriteEndArray();
        _json.WriteString("tarSplitDigest"u8, tarSplit.ToString());
        _json.WriteEndObject();
        Compress();
        _compression.Dispose();
        return _compressed.ToArray();
    }

    public void Dispose()
    {
        _json.Dispose();
        _compression.Dispose();
    }

    private void Compress()
    {
        _json.Flush();
        _compression.Write(_buffer.WrittenSpan);
        _buffer.ResetWrittenCount();
    }

    private void WriteAttributes(TarHeader header)
    {
        if (header.Attributes.Count == 0)
        {
            return;
        }

        _json.WriteStartObject("xattrs"u8);
        foreach ((string key, byte[] value) in header.Attributes)
        {
            _json.WriteBase64String(key, value);
        }

        _json.WriteEndObject();
    }

    private void WriteChunk(TocChunk chunk)
    {
        _json.WriteNumber("chunkSize"u8, chunk.Size);
        WriteNumber("chunkOffset"u8, chunk.Offset);
        _json.WriteString("chunkDigest"u8, chunk.Digest.ToString());
        if (chunk.IsZeros)
        {
            _json.WriteString("chunkType"u8, "zeros"u8);
        }
    }

    private void WriteNumber(ReadOnlySpan<byte> name, long value)
    {
        if (value != 0)
        {
            _json.WriteNumber(name, value);
        }
    }
}
