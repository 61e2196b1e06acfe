// Writes zstd:chunked layers.
using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using Bootc.Oci.Model;

namespace Bootc.Oci.Layers.Chunked;

/// <summary>
/// Compresses a tar stream as a zstd:chunked layer: every file a frame of its own, or several where it is large; then, in frames
/// that decompressors skip, the table of contents, the tar-split and a footer. The same stream gives the same blob.
/// </summary>
/// <remarks>
/// The footer has eight numbers of 64 bits, little-endian: offset, compressed and uncompressed length of the table of contents and
/// its type 1; the same without type of the tar-split; and the eight bytes <c>GNUlInUx</c>.
/// </remarks>
/// <example>
/// <code>
/// await using FileStream blob = File.Create("layer.zst");
/// WrittenLayer layer = ChunkedLayerWriter.Write(tar, blob);
/// // layer.Descriptor goes into the manifest, layer.DiffId into the configuration
/// </code>
/// </example>
public sealed class ChunkedLayerWriter
{
    /// <summary>The level of compression unless another is asked for.</summary>
    public const int DefaultLevel = 3;

    private const int FooterSize = 64;

    private readonly Stream _destination;
    private readonly CancellationToken _cancellation;
    private readonly IncrementalHash _blobHash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly IncrementalHash _tarHash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly IncrementalHash _fileHash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly FrameWriter _frames;
    private readonly TocWriter _toc;
    private readonly TarSplitWriter _tarSplit;
    private readonly Queue<TocEntryInTheMaking> _entries = new();
    private byte[]? _headers; // of the frame to come
    private int _headersLength;
    private long _size;

    private ChunkedLayerWriter(Stream destination, int level, CancellationToken cancellation)
    {
        _destination = destination;
        _cancellation = cancellation;
        _frames = new FrameWriter(Emit, level);
        _toc = new TocWriter(level);
        _tarSplit = new TarSplitWriter(level);
    }

    /// <summary>Writes a layer.</summary>
    /// <param name="tar">The layer's tar stream, read to its end.</param>
    /// <param name="destination">Where the blob goes.</param>
    /// <param name="level">The level of compression of Zstandard, 1 to 19.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="LayerFormatException">
    /// The stream is malformed, or has what tables of contents have no word for: sparse files, global headers, kinds of entries
    /// besides files, links, directories, devices and pipes. Such a layer can be compressed without a table.
    /// </exception>
    public static WrittenLayer Write(Stream tar, Stream destination, int level = DefaultLevel, CancellationToken cancellation = default)
    {
        var writer = new ChunkedLayerWriter(destination, level, cancellation);
        try
        {
            writer.WriteEntries(new TarHeaderScanner(tar));
            return writer.Complete();
        }
        catch (FormatException e)
        {
            throw new LayerFormatException($"the layer cannot be written with a table of contents: {e.Message}", e);
        }
        finally
        {
            writer._frames.Dispose();
            writer._toc.Dispose();
            writer._tarSplit.Dispose();
            writer._blobHash.Dispose();
            writer._tarHash.Dispose();
            writer._fileHash.Dispose();
        }
    }

    private static string TypeOf(TarHeader header) => header.Type switch
    {
        (byte)'0' => "reg",
        (byte)'1' => "hardlink",
        (byte)'2' => "symlink",
        (byte)'3' => "char",
        (byte)'4' => "block",
        (byte)'5' => "dir",
        (byte)'6' => "fifo",
        _ => throw new FormatException($"'{header.ShownName}' is of the type '{(char)header.Type}'"),
    };

    private void WriteEntries(TarHeaderScanner tar)
    {
        byte[] buffer = new byte[64 * 1024];
        while (tar.Next() is { } header)
        {
            _cancellation.ThrowIfCancellationRequested();
            var entry = new TocEntryInTheMaking(header, TypeOf(header));
            _entries.Enqueue(entry);
            AddHeaders(tar.Raw);
            ulong? crc = null;
            if (entry.Type == "reg" && header.Size > 0)
            {
                FlushHeaders();
                crc = WriteContent(tar, entry, buffer);
            }
            else
            {
                entry.Count = 0;
            }

            _tarSplit.AddFile(header.Name, crc is null ? 0 : header.Size, crc);
            TellEntries();
        }

        AddHeaders(tar.Raw);
        for (int count; (count = tar.ReadRest(buffer)) > 0;)
        {
            AddHeaders(buffer.AsSpan(0, count));
        }

        FlushHeaders();
        _frames.Flush();
        TellEntries();
    }

    private ulong WriteContent(TarHeaderScanner tar, TocEntryInTheMaking entry, byte[] buffer)
    {
        bool mayHaveChunks = entry.Header.Size > ContentSplitter.Minimum;
        var splitter = new ContentSplitter();
        var crc = new Crc64();
        byte[] piece = _frames.Rent();
        int filled = 0;
        int count = 0;
        long offset = 0;
        for (int read; (read = tar.ReadContent(buffer)) > 0;)
        {
            ReadOnlySpan<byte> content = buffer.AsSpan(0, read);
            _tarHash.AppendData(content);
            crc.Append(content);
            if (mayHaveChunks)
            {
                _fileHash.AppendData(content);
            }

            while (!content.IsEmpty)
            {
                (int taken, bool isEnd) = splitter.Take(content);
                content[..taken].CopyTo(piece.AsSpan(filled));
                filled += taken;
                content = content[taken..];
                if (isEnd)
                {
                    AddChunk(entry, piece, filled, offset);
                    count++;
                    offset += filled;
                    filled = 0;
                    piece = _frames.Rent();
                }
            }
        }

        if (filled > 0)
        {
            AddChunk(entry, piece, filled, offset);
            count++;
        }
        else
        {
            _frames.Return(piece);
        }

        if (mayHaveChunks)
        {
            Span<byte> hash = stackalloc byte[ContentDigest.Size];
            _fileHash.GetHashAndReset(hash);
            entry.Digest = new ContentDigest(hash);
        }

        entry.Count = count;
        return crc.Value;
    }

    private void AddChunk(TocEntryInTheMaking entry, byte[] piece, int length, long offset) =>
        _frames.Add(piece, length, (range, frame) => entry.Chunks.Add(new TocChunk(offset, length, frame.Digest, range, frame.IsZeros)));

    private void TellEntries()
    {
        while (_entries.TryPeek(out TocEntryInTheMaking? entry) && entry.IsComplete)
        {
            _entries.Dequeue();
            _toc.Add(entry.Header, entry.Type, entry.Digest ?? (entry.Chunks.Count > 0 ? entry.Chunks[0].Digest : default), entry.Chunks);
        }
    }

    // One entry of the tar-split for each header, the padding before it included: containers/storage counts on that.
    private void AddHeaders(ReadOnlySpan<byte> bytes)
    {
        _tarHash.AppendData(bytes);
        _tarSplit.AddBytes(bytes);
        while (!bytes.IsEmpty)
        {
            _headers ??= _frames.Rent();
            int count = Math.Min(bytes.Length, _headers.Length - _headersLength);
            bytes[..count].CopyTo(_headers.AsSpan(_headersLength));
            _headersLength += count;
            bytes = bytes[count..];
            if (_headersLength == _headers.Length)
            {
                FlushHeaders();
            }
        }
    }

    private void FlushHeaders()
    {
        if (_headers is { } headers)
        {
            _headers = null;
            _frames.Add(headers, _headersLength, null);
            _headersLength = 0;
        }
    }

    private WrittenLayer Complete()
    {
        byte[] tarSplit = _tarSplit.Complete();
        byte[] toc = _toc.Complete(ContentDigest.Compute(tarSplit));
        const int frameHeader = 8;
        var tocRange = new BlobRange(_size + frameHeader, toc.Length);
        EmitSkippable(toc);
        var tarSplitRange = new BlobRange(_size + frameHeader, tarSplit.Length);
        EmitSkippable(tarSplit);
        byte[] footer = new byte[FooterSize];
        long[] numbers = [tocRange.Offset, tocRange.Length, _toc.Size, 1, tarSplitRange.Offset, tarSplitRange.Length, _tarSplit.Size];
        for (int i = 0; i < numbers.Length; i++)
        {
            BinaryPrimitives.WriteInt64LittleEndian(footer.AsSpan(8 * i), numbers[i]);
        }

        "GNUlInUx"u8.CopyTo(footer.AsSpan(8 * numbers.Length));
        EmitSkippable(footer);
        var descriptor = new Descriptor
        {
            MediaType = MediaTypes.OciLayerZstd,
            Digest = Digest.FromHash(_blobHash.GetCurrentHash()),
            Size = _size,
            Annotations = new Dictionary<string, string>
            {
                [ChunkedLayer.TocDigestAnnotation] = Digest.Compute(toc).ToString(),
                [ChunkedLayer.TocPositionAnnotation] = string.Create(CultureInfo.InvariantCulture, $"{tocRange.Offset}:{tocRange.Length}:{_toc.Size}:1"),
                [ChunkedLayer.TarSplitPositionAnnotation] = string.Create(CultureInfo.InvariantCulture, $"{tarSplitRange.Offset}:{tarSplitRange.Length}:{_tarSplit.Size}"),
            },
        };
        return new WrittenLayer(descriptor, Digest.FromHash(_tarHash.GetCurrentHash()));
    }

    private void EmitSkippable(ReadOnlySpan<byte> content)
    {
        Span<byte> header = stackalloc byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(header, 0x184D2A50);
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], content.Length);
        Emit(header);
        Emit(content);
    }

    private void Emit(ReadOnlySpan<byte> bytes)
    {
        _destination.Write(bytes);
        _blobHash.AppendData(bytes);
        _size += bytes.Length;
    }
}
