// Content objects: written in one pass that checksums, measures and stores.
using System.Buffers;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Bootc.Composefs.FsVerity;
using Bootc.Linux;
using Bootc.Ostree.Objects;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Ostree;

public sealed partial class RepositoryTransaction
{
    private const int BufferSize = 128 * 1024;

    private static readonly byte[] EmptyDeflate = [3, 0];

    [ThreadStatic]
    private static IncrementalHash? s_hash;

    private static readonly uint ProcessUid = CurrentProcess.FileSystemUid;
    private static readonly uint ModeMask = CurrentProcess.FileModeMask;

    /// <summary>Writes a regular file from a stream.</summary>
    /// <param name="header">The file's metadata.</param>
    /// <param name="size">How many bytes <paramref name="content"/> must give.</param>
    /// <param name="content">The content.</param>
    /// <exception cref="EndOfStreamException">The content ends before.</exception>
    public FileObjectResult WriteFile(FileHeader header, long size, Stream content)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        using FileObjectWriter writer = BeginFile(header, size);
        try
        {
            for (long rest = size; rest > 0;)
            {
                int count = content.Read(buffer, 0, (int)Math.Min(rest, buffer.Length));
                if (count == 0)
                {
                    throw new EndOfStreamException($"the content of a file ends {rest} bytes before its size of {size}");
                }

                writer.Write(buffer.AsSpan(0, count));
                rest -= count;
            }

            return writer.Complete();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Starts a regular file whose content is pushed piece by piece.</summary>
    /// <param name="header">The file's metadata.</param>
    /// <param name="size">The size that the content will have, in bytes.</param>
    public FileObjectWriter BeginFile(FileHeader header, long size)
    {
        Validate(header);
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        return new FileObjectWriter(this, header, size);
    }

    /// <summary>Writes a regular file whose content is all in memory.</summary>
    public FileObjectResult WriteFile(FileHeader header, ReadOnlySpan<byte> content)
    {
        Validate(header);
        header = Canonicalize(header);
        Interlocked.Increment(ref _contentTotal);
        Checksum checksum = ComputeChecksum(header.Serialize(), content);
        VerityDigest verity = VerityHasher.Compute(content);
        var name = new ObjectName(checksum, ObjectType.File);
        if (IsInRepository(name))
        {
            return new FileObjectResult(checksum, verity, true);
        }

        ReserveSpace(content.Length);
        DirectoryHandle directory = DirectoryFor(name, out string fileName);
        using SafeFileHandle? file = directory.TryCreateFile(fileName, CreationMode(header));
        if (file is null)
        {
            Interlocked.Add(ref _usableSpace, content.Length); // of which nothing is used
            return new FileObjectResult(checksum, verity, true);
        }

        if (_repository.Mode == RepositoryMode.Archive)
        {
            using var stream = BeginArchive(file, header, content.Length);
            stream.Write(content);
            stream.Dispose();
        }
        else
        {
            WriteContent(file, content, name.ToString());
        }

        ApplyMetadata(file, header, name);
        Count(content.Length);
        file.Dispose();
        Seal(directory, fileName, name);
        return new FileObjectResult(checksum, verity, false);
    }

    /// <summary>Writes a symbolic link.</summary>
    public FileObjectResult WriteSymbolicLink(FileHeader header)
    {
        if (!header.IsSymbolicLink)
        {
            throw new ArgumentException("the header is not that of a symbolic link", nameof(header));
        }

        header = Canonicalize(header);
        Interlocked.Increment(ref _contentTotal);
        var name = new ObjectName(Checksum.Compute(header.Serialize()), ObjectType.File);
        if (IsInRepository(name) || !TryStoreSymbolicLink(header, name))
        {
            return new FileObjectResult(name.Checksum, null, true);
        }

        Interlocked.Increment(ref _contentWritten);
        return new FileObjectResult(name.Checksum, null, false);
    }

    internal static Checksum ComputeChecksum(ReadOnlySpan<byte> header, ReadOnlySpan<byte> content)
    {
        IncrementalHash hash = s_hash ??= IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(header);
        hash.AppendData(content);
        Span<byte> checksum = stackalloc byte[Checksum.Size];
        hash.GetHashAndReset(checksum);
        return new Checksum(checksum);
    }

    internal void CountFile() => Interlocked.Increment(ref _contentTotal);

    internal void Reserve(long size) => ReserveSpace(size);

    internal SafeFileHandle CreateObjectFile(FileHeader header) => _staging.Directory.CreateTemporaryFile(CreationMode(header));

    internal static Stream BeginArchive(SafeFileHandle file, FileHeader header, long size)
    {
        file.WriteFully(header.SerializeForArchive(size));
        if (size > 0)
        {
            return new DeflateStream(new UnownedFileStream(file), CompressionLevel.Optimal);
        }

        file.WriteFully(EmptyDeflate); // the class writes nothing at all for nothing
        return Stream.Null;
    }

    /// <summary>Gives a file that has no name yet its metadata and its name; <see langword="false"/> when the repository or this transaction has the object.</summary>
    internal bool TryStoreFile(SafeFileHandle file, FileHeader header, ObjectName name, long size)
    {
        if (IsInRepository(name))
        {
            return false;
        }

        ApplyMetadata(file, header, name);
        DirectoryHandle directory = DirectoryFor(name, out string fileName);
        if (!directory.TryLinkTemporaryFile(file, fileName))
        {
            return false;
        }

        Count(size);
        file.Dispose(); // sealing suffers no writer
        Seal(directory, fileName, name);
        return true;
    }

    // What creating a file gives already needs no call: on a whole image that is every third one.
    private uint CreationMode(FileHeader header) => _repository.Mode == RepositoryMode.Bare ? header.Mode & 0x1FF : 0x1A4;

    private static bool IsCreatedWith(uint mode) => (mode & ModeBits.PermissionMask & (ModeMask | 0xE00)) == 0;

    private bool IsOthers(FileHeader header) => header.Uid != ProcessUid || header.Gid != _staging.CreationGid;

    private void ApplyMetadata(SafeFileHandle file, FileHeader header, ObjectName name)
    {
        string shown = name.ToString();
        switch (_repository.Mode)
        {
            case RepositoryMode.Bare:
                bool isOthers = IsOthers(header);
                if (isOthers)
                {
                    file.SetOwner(header.Uid, header.Gid, shown);
                }

                // After the owner, whose change clears set-user-ID.
                if (isOthers || !IsCreatedWith(header.Mode))
                {
                    file.SetMode(header.Mode, shown);
                }

                foreach (ExtendedAttribute attribute in header.ExtendedAttributes)
                {
                    file.SetExtendedAttribute(attribute.Name, attribute.Value, shown);
                }

                break;
            case RepositoryMode.BareUser:
                file.SetExtendedAttribute(Repository.UserMetadataAttribute, header.SerializeUserMetadata(), shown);
                file.SetMode((header.Mode & 0x1FD) | 0x100, shown);
                break;
            case RepositoryMode.BareUserOnly:
                file.SetMode(header.Mode, shown);
                break;
            default:
                file.SetMode(0x1A4, shown);
                break;
        }

        if (_repository.Mode != RepositoryMode.Archive)
        {
            file.SetModifiedTime(0, 0, shown); // OSTREE_TIMESTAMP
        }

        SyncObject(file, name);
    }

    private void Count(long size)
    {
        Interlocked.Increment(ref _contentWritten);
        Interlocked.Add(ref _contentBytes, size);
        CountForWriteBack(size);
    }

    internal FileHeader Canonicalize(FileHeader header) => _repository.Mode != RepositoryMode.BareUserOnly
        ? header
        : header with { Uid = 0, Gid = 0, ExtendedAttributes = ExtendedAttributeList.Empty, Mode = header.IsSymbolicLink ? header.Mode : header.Mode & (ModeBits.KindMask | 0x1FD) };

    private static void Validate(FileHeader header)
    {
        if (ModeBits.GetKind(header.Mode) != FileKind.Regular)
        {
            throw new ArgumentException($"the mode {Convert.ToString(header.Mode, 8)} is not that of a regular file", nameof(header));
        }
    }

    private bool AreSealed => _repository.Config.VerityWanted != false && _repository.Mode != RepositoryMode.Archive;

    /// <summary>Writes what nobody reads soon. Only sealing reads it at once, after which it may leave memory as well.</summary>
    internal void WriteContent(SafeFileHandle file, ReadOnlySpan<byte> content, string? name = null)
    {
        if (AreSealed)
        {
            file.WriteFully(content, name);
        }
        else
        {
            file.WriteFullyUncached(content, name);
        }
    }

    // Sealing needs a descriptor without write access, and no writer besides.
    private void Seal(DirectoryHandle directory, string fileName, ObjectName name)
    {
        if (!AreSealed)
        {
            return;
        }

        using SafeFileHandle file = directory.OpenFile(fileName);
        if (!file.TryEnableVerity(name.ToString()) && _repository.Config.VerityWanted == true)
        {
            throw new OstreeException($"fs-verity is required by the repository {_repository}, but its file system cannot seal files");
        }

        file.ForgetContent();
    }

    private bool TryStoreSymbolicLink(FileHeader header, ObjectName name)
    {
        DirectoryHandle directory = DirectoryFor(name, out string fileName);
        switch (_repository.Mode)
        {
            case RepositoryMode.Archive:
                using (SafeFileHandle file = directory.CreateTemporaryFile())
                {
                    file.WriteFully(header.SerializeForArchive(0), name.ToString());
                    file.SetMode(0x1A4, name.ToString());
                    return directory.TryLinkTemporaryFile(file, fileName);
                }

            case RepositoryMode.BareUser:
                using (SafeFileHandle file = directory.CreateTemporaryFile())
                {
                    file.WriteFully(Encoding.UTF8.GetBytes(header.LinkTarget + '\0'), name.ToString()); // libostree counts the terminator
                    file.SetExtendedAttribute(Repository.UserMetadataAttribute, header.SerializeUserMetadata(), name.ToString());
                    file.SetMode(0x1A4, name.ToString());
                    file.SetModifiedTime(0);
                    return directory.TryLinkTemporaryFile(file, fileName);
                }

            default:
                return TryStoreRealSymbolicLink(directory, fileName, header);
        }
    }

    private bool TryStoreRealSymbolicLink(DirectoryHandle directory, string fileName, FileHeader header)
    {
        if (!directory.TryCreateSymbolicLink(header.LinkTarget, fileName))
        {
            return false;
        }

        if (_repository.Mode == RepositoryMode.Bare)
        {
            if (IsOthers(header))
            {
                directory.SetOwner(fileName, header.Uid, header.Gid);
            }

            foreach (ExtendedAttribute attribute in header.ExtendedAttributes)
            {
                directory.SetExtendedAttribute(fileName, attribute.Name, attribute.Value);
            }
        }

        directory.SetModifiedTime(fileName, 0);
        return true;
    }
}
