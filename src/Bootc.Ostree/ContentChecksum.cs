// What checksum a stored content object really has.
using System.Buffers;
using System.Security.Cryptography;
using Bootc.Linux;
using Bootc.Ostree.Objects;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Ostree;

/// <summary>Reads content objects and computes their checksums, one after the other; each thread has one of its own.</summary>
internal sealed class ContentChecksum(Repository repository) : IDisposable
{
    private const int BufferSize = 256 * 1024;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(BufferSize);

    /// <summary>The checksum that the object of that name has.</summary>
    /// <exception cref="OstreeException">It is missing or malformed.</exception>
    /// <exception cref="LinuxException">It cannot be read.</exception>
    public Checksum Compute(Checksum name)
    {
        (FileHeader header, _) = repository.LoadFileHeader(name);
        if (header.IsSymbolicLink)
        {
            return Checksum.Compute(header.Serialize());
        }

        try
        {
            _hash.AppendData(header.Serialize());
            Append(name);
            Span<byte> result = stackalloc byte[Checksum.Size];
            _hash.GetHashAndReset(result);
            return new Checksum(result);
        }
        catch
        {
            _ = _hash.GetHashAndReset(); // forgets what was appended
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _hash.Dispose();
        ArrayPool<byte>.Shared.Return(_buffer);
    }

    private void Append(Checksum name)
    {
        if (repository.Mode == RepositoryMode.Archive)
        {
            using Stream content = repository.OpenFileContent(name);
            for (int count; (count = content.Read(_buffer)) > 0;)
            {
                _hash.AppendData(_buffer, 0, count);
            }

            return;
        }

        using SafeFileHandle file = repository.OpenObject(new(name, ObjectType.File));
        for (int count; (count = file.ReadSome(_buffer, name.ToString())) > 0;)
        {
            _hash.AppendData(_buffer, 0, count);
        }
    }
}
