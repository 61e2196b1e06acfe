// From the JSON of a table of contents to files: an entry for each, followed by entries of its further chunks.
using System.Text;
using System.Text.Json;

namespace Bootc.Oci.Layers.Chunked;

/// <summary>
/// Takes the tokens of <c>{"version": 1, "entries": [{"type": "reg", "name": ..., "size": ..., "digest": ..., "offset": ...,
/// "endOffset": ..., "chunkSize": ..., "chunkOffset": ..., "chunkDigest": ..., "chunkType": ...}, {"type": "chunk", ...}], ...}</c>.
/// </summary>
internal sealed class TocEntries(long blobEnd)
{
    private const int RootLevel = 1; // depths of the names of properties
    private const int EntryLevel = 3;

    private readonly List<TocFile> _files = [];
    private readonly List<Entry> _chunks = [];
    private string _property = "";
    private bool _isInEntries;
    private bool _isVersionKnown;
    private Entry _entry;

    private enum Kind
    {
        Other,
        File,
        Chunk,
    }

    /// <summary>Takes the next token.</summary>
    /// <exception cref="FormatException">An entry is impossible.</exception>
    /// <exception cref="InvalidOperationException">A value is of another type than its name says.</exception>
    public void Add(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.PropertyName when reader.CurrentDepth == RootLevel:
                _property = reader.GetString()!;
                break;
            case JsonTokenType.PropertyName when reader.CurrentDepth == EntryLevel && _isInEntries:
                _property = NameOf(ref reader);
                break;
            case JsonTokenType.StartArray when reader.CurrentDepth == RootLevel:
                _isInEntries = _property == "entries";
                break;
            case JsonTokenType.EndArray when reader.CurrentDepth == RootLevel:
                _isInEntries = false;
                break;
            case JsonTokenType.StartObject when reader.CurrentDepth == EntryLevel - 1:
                _entry = default;
                break;
            case JsonTokenType.EndObject when reader.CurrentDepth == EntryLevel - 1 && _isInEntries:
                EndEntry();
                break;
            case JsonTokenType.Number when reader.CurrentDepth == RootLevel && _property == "version":
                _isVersionKnown = reader.GetInt64() == 1 ? true : throw new FormatException($"it has the version {reader.GetInt64()}, and only version 1 is known");
                break;
            case JsonTokenType.Number or JsonTokenType.String when reader.CurrentDepth == EntryLevel && _isInEntries:
                SetValue(ref reader);
                break;
        }
    }

    /// <summary>The files.</summary>
    public IReadOnlyList<TocFile> Complete()
    {
        EndFile();
        return _isVersionKnown ? _files : throw new FormatException("it names no version");
    }

    // Names are many and the same; no string is made of one that does not matter.
    private static string NameOf(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("type"u8) ? "type"
        : reader.ValueTextEquals("name"u8) ? "name"
        : reader.ValueTextEquals("size"u8) ? "size"
        : reader.ValueTextEquals("digest"u8) ? "digest"
        : reader.ValueTextEquals("offset"u8) ? "offset"
        : reader.ValueTextEquals("endOffset"u8) ? "endOffset"
        : reader.ValueTextEquals("chunkSize"u8) ? "chunkSize"
        : reader.ValueTextEquals("chunkOffset"u8) ? "chunkOffset"
        : reader.ValueTextEquals("chunkDigest"u8) ? "chunkDigest"
        : reader.ValueTextEquals("chunkType"u8) ? "chunkType"
        : "";

    private void SetValue(ref Utf8JsonReader reader)
    {
        switch (_property)
        {
            case "type":
                _entry.Kind = reader.ValueTextEquals("reg"u8) ? Kind.File : reader.ValueTextEquals("chunk"u8) ? Kind.Chunk : Kind.Other;
                break;
            case "name" when _entry.Kind != Kind.Chunk:
                _entry.Name = reader.GetString();
                break;
            case "size":
                _entry.Size = reader.GetInt64();
                break;
            case "digest":
                _entry.Digest = DigestOf(ref reader);
                break;
            case "offset":
                _entry.Offset = reader.GetInt64();
                break;
            case "endOffset":
                _entry.EndOffset = reader.GetInt64();
                break;
            case "chunkSize":
                _entry.ChunkSize = reader.GetInt64();
                break;
            case "chunkOffset":
                _entry.ChunkOffset = reader.GetInt64();
                break;
            case "chunkDigest":
                _entry.ChunkDigest = DigestOf(ref reader);
                break;
            case "chunkType":
                _entry.IsZeros = reader.ValueTextEquals("zeros"u8);
                break;
        }
    }

    private static ContentDigest? DigestOf(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            throw new FormatException("a digest is no text");
        }

        if (reader.HasValueSequence || reader.ValueSpan.IsEmpty)
        {
            return null;
        }

        return ContentDigest.TryParse(reader.ValueSpan, out ContentDigest digest)
            ? digest
            : throw new FormatException($"'{Encoding.UTF8.GetString(reader.ValueSpan[..Math.Min(80, reader.ValueSpan.Length)])}' is no sha256 digest");
    }

    private void EndEntry()
    {
        switch (_entry.Kind)
        {
            case Kind.File:
                EndFile();
                _chunks.Add(_entry);
                break;
            case Kind.Chunk when _chunks.Count == 0:
                throw new FormatException("a chunk follows no file");
            case Kind.Chunk:
                _chunks.Add(_entry);
                break;
            default:
                EndFile();
                break;
        }
    }

    private void EndFile()
    {
        if (_chunks.Count > 0 && _chunks[0].Size != 0)
        {
            _files.Add(MakeFile());
        }

        _chunks.Clear();
    }

    private TocFile MakeFile()
    {
        Entry file = _chunks[0];
        if (string.IsNullOrEmpty(file.Name))
        {
            throw new FormatException("a file has no name");
        }

        if (file.Size < 0 || file.Digest is not { } digest)
        {
            throw new FormatException($"'{file.Name}' has no digest, or the size {file.Size}");
        }

        if (file.Offset <= 0 || file.EndOffset <= file.Offset || file.EndOffset > blobEnd)
        {
            throw new FormatException($"'{file.Name}' lies from {file.Offset} to {file.EndOffset}, where no content of files is");
        }

        var range = new BlobRange(file.Offset, file.EndOffset - file.Offset);
        TocChunk[] chunks = _chunks.Count == 1 ? [new TocChunk(0, file.Size, digest, range, IsZeros: false)] : MakeChunks(file);
        return new TocFile(file.Name, file.Size, digest, range, chunks);
    }

    // Each ends where the next one begins, in the blob as in the content.
    private TocChunk[] MakeChunks(Entry file)
    {
        var chunks = new TocChunk[_chunks.Count];
        for (int i = 0; i < chunks.Length; i++)
        {
            Entry chunk = _chunks[i];
            bool isLast = i == chunks.Length - 1;
            long end = isLast ? file.Size : _chunks[i + 1].ChunkOffset;
            long endInBlob = isLast ? file.EndOffset : _chunks[i + 1].Offset;
            if ((i == 0 && chunk.ChunkOffset != 0)
                || end <= chunk.ChunkOffset
                || end > file.Size
                || (chunk.ChunkSize != 0 && chunk.ChunkSize != end - chunk.ChunkOffset)
                || endInBlob <= chunk.Offset
                || endInBlob > file.EndOffset
                || chunk.ChunkDigest is not { } digest)
            {
                throw new FormatException($"the chunks of '{file.Name}' do not make up the file");
            }

            chunks[i] = new TocChunk(chunk.ChunkOffset, end - chunk.ChunkOffset, digest, new BlobRange(chunk.Offset, endInBlob - chunk.Offset), chunk.IsZeros);
        }

        return chunks;
    }

    private struct Entry
    {
        public Kind Kind;
        public string? Name;
        public long Size;
        public ContentDigest? Digest;
        public long Offset;
        public long EndOffset;
        public long ChunkSize;
        public long ChunkOffset;
        public ContentDigest? ChunkDigest;
        public bool IsZeros;
    }
}
