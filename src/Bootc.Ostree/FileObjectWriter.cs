// One content object in the making: every byte is checksummed, measured and stored as it comes.
using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using Bootc.Composefs.FsVerity;
using Bootc.Linux;
using Bootc.Ostree.Objects;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Ostree;

/// <summary>
/// A regular file being written to a transaction. A small one is kept in memory until it is complete, so that one that the
/// repository has already costs no writing; a large one goes to disk as it comes.
/// </summary>
public sealed class FileObjectWriter : IDisposable
{
    private const int SmallSize = 64 * 1024;
    private static readonly ConcurrentBag<(IncrementalHash Hash, VerityHasher Verity)> Hashers = [];

    private readonly RepositoryTransaction _transaction;
    private readonly FileHeader _header;
    private readonly long _size;
    private readonly byte[]? _small;
    private readonly SafeFileHandle? _file;
    private readonly Stream? _archive;
    private readonly IncrementalHash? _hash;
    private readonly VerityHasher? _verity;
    private long _written;
    private bool _disposed;

    internal FileObjectWriter(RepositoryTransaction transaction, FileHeader header, long size)
    {
        _transaction = transaction;
        _header = transaction.Canonicalize(header);
        _size = size;
        if (size <= SmallSize)
        {
            _small = ArrayPool<byte>.Shared.Rent((int)size);
            return;
        }

        transaction.CountFile();
        transaction.Reserve(size);
        (_hash, _verity) = Hashers.TryTake(out var pooled) ? pooled : (IncrementalHash.CreateHash(HashAlgorithmName.SHA256), new VerityHasher());
        _hash.AppendData(_header.Serialize());
        _file = transaction.CreateObjectFile(_header);
        try
        {
            if (transaction.Repository.Mode == RepositoryMode.Archive)
            {
                _archive = RepositoryTransaction.BeginArchive(_file, _header, size);
            }
            else
            {
                _file.Preallocate(size, $"{transaction.Repository.Directory.DisplayPath}/objects");
            }
        }
        catch
        {
            _file.Dispose(); // what was reserved already is given back
            throw;
        }
    }

    /// <summary>Whether all content was given.</summary>
    public bool IsComplete => _written == _size;

    /// <summary>Adds content.</summary>
    /// <exception cref="InvalidOperationException">It is more than the size that was announced.</exception>
    public void Write(ReadOnlySpan<byte> data)
    {
        if (_written + data.Length > _size)
        {
            throw new InvalidOperationException($"a file of {_size} bytes is given more");
        }

        if (_small is not null)
        {
            data.CopyTo(_small.AsSpan((int)_written));
            _written += data.Length;
            return;
        }

        if (_archive is not null)
        {
            _archive.Write(data);
        }
        else
        {
            _transaction.WriteContent(_file!, data);
        }

        _hash!.AppendData(data);
        _verity!.Append(data);
        _written += data.Length;
    }

    /// <summary>Ends the file.</summary>
    /// <exception cref="InvalidOperationException">It has less than the size that was announced.</exception>
    public FileObjectResult Complete()
    {
        if (_written != _size)
        {
            throw new InvalidOperationException($"a file of {_size} bytes is given only {_written}");
        }

        if (_small is not null)
        {
            return _transaction.WriteFile(_header, _small.AsSpan(0, (int)_size));
        }

        Span<byte> hash = stackalloc byte[Checksum.Size];
        _hash!.GetHashAndReset(hash);
        var name = new ObjectName(new Checksum(hash), ObjectType.File);
        VerityDigest verity = _verity!.Finish();
        _archive?.Dispose();
        return new FileObjectResult(name.Checksum, verity, !_transaction.TryStoreFile(_file!, _header, name, _size));
    }

    /// <summary>Ends the writer; a file that is not complete is forgotten.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        if (_small is not null)
        {
            ArrayPool<byte>.Shared.Return(_small);
            return;
        }

        // Hashers with content of a file that was not completed are not reused.
        if (_written == _size)
        {
            Hashers.Add((_hash!, _verity!));
        }
        else
        {
            _hash!.Dispose();
        }

        _file!.Dispose();
    }
}
