// Puts a layer together of files that are there and files that are fetched.
using System.Security.Cryptography;
using Bootc.Import.Tar;
using Bootc.Oci;
using Bootc.Oci.Layers.Chunked;
using Bootc.Oci.Model;
using Bootc.Ostree;
using Bootc.Ostree.Objects;

namespace Bootc.Import.Chunked;

/// <summary>
/// Reads a zstd:chunked layer whose headers are in its tar-split and whose contents come from where a plan says. All of it, what
/// the repository had included, goes through the hash of the layer's diff-id, which has the last word: what was imported is the
/// tar stream that the image's configuration names, bit by bit, and the table of contents was no more than a way to find the bytes.
/// What is fetched is checked by its own digest before that, so that an error names the file.
/// </summary>
/// <remarks>
/// The repository's files are read once for that, by the thread that hashes: the importer, which knows what they are without that,
/// may come to the layer's end long before, and beyond. To believe the table of contents instead, whose digest is in the manifest,
/// would leave nothing to be read, but an image whose table says something else than its layer would be two images.
/// </remarks>
internal sealed class ChunkedLayerReader : ILayerReader
{
    private readonly Repository _repository;
    private readonly ChunkedPlan _plan;
    private readonly ChunkedContent _fetched;
    private readonly string _what;
    private readonly CancellationToken _cancellation;
    private readonly TarHasher _hash;
    private readonly TarSplitHeaders _headers;
    private readonly TarReader _tar;
    private readonly IncrementalHash _pieceHash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private PlannedFile? _file;
    private int _piece;
    private bool _isPieceOpen;
    private long _pieceRest;
    private ObjectContent? _object;
    private bool _isComplete;

    /// <summary>Starts to read a layer.</summary>
    /// <param name="repository">What has the contents that are not fetched.</param>
    /// <param name="plan">Where contents come from.</param>
    /// <param name="tarSplit">The layer's tar-split, decompressed; disposed with the reader.</param>
    /// <param name="fetched">The plan's ranges of the blob; disposed with the reader.</param>
    /// <param name="diffId">The digest that the tar stream must have.</param>
    /// <param name="what">The layer's name in errors.</param>
    /// <param name="cancellation">Ends the reading.</param>
    public ChunkedLayerReader(
        Repository repository, ChunkedPlan plan, Stream tarSplit, ChunkedContent fetched, Digest diffId, string what, CancellationToken cancellation)
    {
        _repository = repository;
        _plan = plan;
        _fetched = fetched;
        _what = what;
        _cancellation = cancellation;
        _hash = new TarHasher(repository, diffId.HashAlgorithm, what, cancellation);
        Verified = VerifyAsync(_hash.Digest, diffId, what);
        _headers = new TarSplitHeaders(new TarSplitReader(tarSplit, plan.Layer.TarSplitSize, what), _hash, what);
        _tar = new TarReader(_headers, what, hasContents: false);
    }

    /// <summary>
    /// Ends when all of the layer is known to be what the image's configuration names, which may be after it was read, and after
    /// the reader is disposed. It fails with a <see cref="LayerFormatException"/> where the layer is another one.
    /// </summary>
    public Task Verified { get; }

    public TarEntry? Next()
    {
        Finish();
        _cancellation.ThrowIfCancellationRequested();
        if (_tar.Next() is { } entry)
        {
            if (entry.Size > 0)
            {
                Begin(entry);
            }

            return entry;
        }

        _hash.Complete();
        _isComplete = true;
        return null;
    }

    public int Read(Span<byte> buffer)
    {
        int count = ReadPiece(buffer);
        _hash.Append(buffer[..count]);
        return count;
    }

    public (Checksum Object, FileFacts Facts)? TryGetObject(FileHeader header)
    {
        if (_file is not { Pieces: [{ Object: { } found }] } file)
        {
            return null;
        }

        var planned = new ContentPlace(found, file.Pieces[0].ObjectOffset, file.File.Size);
        if (TryGetFacts(planned, file.File, header) is { } same)
        {
            return (found, same);
        }

        foreach (ContentPlace place in _plan.Content.Find(file.File.Digest))
        {
            if (place != planned && TryGetFacts(place, file.File, header) is { } facts)
            {
                // What is hashed must be the very object.
                file.Pieces[0] = file.Pieces[0] with { Object = place.Object, ObjectOffset = 0 };
                return (place.Object, facts);
            }
        }

        return null;
    }

    public void Dispose()
    {
        CloseObject();
        _tar.Dispose();
        _headers.Dispose();
        if (!_isComplete)
        {
            _hash.Abandon();
        }

        _fetched.Dispose();
        _pieceHash.Dispose();
    }

    private static async Task VerifyAsync(Task<Digest> digest, Digest expected, string what)
    {
        Digest actual = await digest.ConfigureAwait(false);
        if (actual != expected)
        {
            throw new LayerFormatException(
                $"{what} is not the layer that the image's configuration names: expected diff-id {expected}, got {actual} of its table of contents");
        }
    }

    private FileFacts? TryGetFacts(ContentPlace place, TocFile file, FileHeader header) =>
        place.Offset == 0 && _plan.Content.FactsOf(place.Object) is { } facts && facts.Size == file.Size && facts.Header == header ? facts : null;

    private void Begin(TarEntry entry)
    {
        // Headers beyond this one must not have been read yet: content comes now, and what follows it is looked at after it.
        if (_tar.HasReadAhead)
        {
            throw new LayerFormatException($"{_what} has a tar-split that lacks the place of '{entry.Name}'");
        }

        _headers.TakeFile(entry.Size);
        _file = _plan.Files.GetValueOrDefault(entry.Name) is { } file && file.File.Size == entry.Size
            ? file
            : throw new LayerFormatException($"{_what} has the file '{entry.Name}' of {entry.Size} bytes, and its table of contents does not");
        _piece = -1;
        _pieceRest = 0;
    }

    // What the importer did not read is hashed all the same.
    private void Finish()
    {
        if (_file is null)
        {
            return;
        }

        do
        {
            LeaveToHash();
            _cancellation.ThrowIfCancellationRequested();
        }
        while (ReadAndHash() > 0);
        _file = null;
    }

    private int ReadAndHash()
    {
        int count = ReadPiece(_hash.Room());
        _hash.Advance(count);
        return count;
    }

    // Pieces in objects of which nothing was read yet.
    private void LeaveToHash()
    {
        while (_pieceRest == 0 && _piece < _file!.Pieces.Length - 1 && _file.Pieces[_piece + 1] is { Range.Length: 0, Object: { } file } next)
        {
            EndPiece();
            _piece++;
            _hash.Append(file, next.ObjectOffset, next.Size);
        }
    }

    private int ReadPiece(Span<byte> buffer)
    {
        if (_file is null || buffer.IsEmpty)
        {
            return 0;
        }

        while (_pieceRest == 0)
        {
            EndPiece();
            if (_piece == _file.Pieces.Length - 1)
            {
                return 0;
            }

            BeginPiece(_file.Pieces[++_piece]);
        }

        buffer = buffer[..(int)Math.Min(buffer.Length, _pieceRest)];
        int count = ReadFrom(_file.Pieces[_piece], buffer);
        if (count == 0)
        {
            throw new LayerFormatException($"{_what}: the content of '{_file.File.Name}' ends {_pieceRest} bytes before its size");
        }

        _pieceRest -= count;
        return count;
    }

    private void BeginPiece(ContentPiece piece)
    {
        _isPieceOpen = true;
        _pieceRest = piece.Size;
        if (piece.Range.Length > 0)
        {
            _fetched.Begin(piece.Range);
        }
        else if (piece.Object is { } file)
        {
            _object = new ObjectContent(_repository, file, piece.ObjectOffset);
        }
    }

    private int ReadFrom(ContentPiece piece, Span<byte> buffer)
    {
        if (piece.Range.Length > 0)
        {
            int count = _fetched.Read(buffer);
            _pieceHash.AppendData(buffer[..count]);
            return count;
        }

        if (_object is not null)
        {
            return _object.Read(buffer);
        }

        buffer.Clear();
        return buffer.Length;
    }

    private void EndPiece()
    {
        CloseObject();
        if (!_isPieceOpen)
        {
            return;
        }

        _isPieceOpen = false;
        ContentPiece piece = _file!.Pieces[_piece];
        if (piece.Range.Length == 0)
        {
            return;
        }

        _fetched.End();
        Span<byte> hash = stackalloc byte[ContentDigest.Size];
        _pieceHash.GetHashAndReset(hash);
        var actual = new ContentDigest(hash);
        if (actual != piece.Digest)
        {
            throw new LayerFormatException($"{_what}: content of '{_file.File.Name}' has the digest {actual}, and the table of contents says {piece.Digest}");
        }
    }

    private void CloseObject()
    {
        _object?.Dispose();
        _object = null;
    }
}
