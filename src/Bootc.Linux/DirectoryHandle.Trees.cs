// Directories in a directory: make, list, remove with all that is in them, and put on disk.
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using static Tmds.Linux.LibC;

namespace Bootc.Linux;

public sealed partial class DirectoryHandle
{
    private const int ListBufferSize = 64 * 1024;

    /// <summary>Creates a directory.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="mode">Permission bits, subject to the umask.</param>
    public void CreateDirectory(string name, uint mode = 0x1ED) =>
        Check(NativeMethods.mkdirat(Descriptor, name, mode), "create directory", name);

    /// <summary>As <see cref="CreateDirectory"/>; <see langword="false"/> when the name is taken, by whatever.</summary>
    public bool TryCreateDirectory(string name, uint mode = 0x1ED) =>
        SucceededUnless(NativeMethods.mkdirat(Descriptor, name, mode), Errno.EEXIST, "create directory", name);

    /// <summary>Opens a directory, creating it and those above it where they are missing.</summary>
    public DirectoryHandle EnsureDirectory(string path, uint mode = 0x1ED)
    {
        if (TryOpenDirectory(path) is { } existing)
        {
            return existing;
        }

        for (int slash = path.IndexOf('/', 1); slash > 0; slash = path.IndexOf('/', slash + 1))
        {
            TryCreateDirectory(path[..slash], mode);
        }

        TryCreateDirectory(path, mode);
        return OpenDirectory(path);
    }

    /// <summary>Removes an empty directory.</summary>
    public void RemoveDirectory(string name) =>
        Check(NativeMethods.unlinkat(Descriptor, name, AT_REMOVEDIR), "remove directory", name);

    /// <summary>
    /// Removes a name and all beneath it. No error when it is not there; symbolic links are removed, never followed; the
    /// immutable flag that deployments carry is cleared on the way.
    /// </summary>
    public void RemoveTree(string name)
    {
        int result = NativeMethods.unlinkat(Descriptor, name, 0);
        if (result >= 0 || NativeCall.LastError == Errno.ENOENT)
        {
            return;
        }

        if (TryGetStatus(name) is not { } status)
        {
            return;
        }

        if (status.Kind != FileKind.Directory)
        {
            using (SafeFileHandle file = OpenFile(name))
            {
                file.SetImmutable(false, Join(name));
            }

            RemoveFile(name);
            return;
        }

        using (DirectoryHandle directory = OpenDirectory(name))
        {
            directory.Handle.ClearImmutable();
            directory.RemoveContents();
        }

        RemoveDirectory(name);
    }

    /// <summary>Removes all that is in this directory.</summary>
    public void RemoveContents()
    {
        foreach (DirectoryEntry entry in List())
        {
            RemoveTree(entry.Name);
        }
    }

    /// <summary>The entries of this directory without <c>.</c> and <c>..</c>, in no order.</summary>
    public unsafe IReadOnlyList<DirectoryEntry> List()
    {
        var entries = new List<DirectoryEntry>();
        byte* buffer = (byte*)NativeMemory.Alloc(ListBufferSize);
        try
        {
            NativeCall.Check(NativeMethods.lseek(Descriptor, 0, 0), "list", DisplayPath);
            while (true)
            {
                nint length = NativeMethods.getdents64(Descriptor, buffer, ListBufferSize);
                NativeCall.Check(length, "list", DisplayPath);
                if (length == 0)
                {
                    return entries;
                }

                ParseEntries(new ReadOnlySpan<byte>(buffer, (int)length), entries);
            }
        }
        finally
        {
            NativeMemory.Free(buffer);
        }
    }

    /// <summary>Puts the directory's entries on disk: fsync(2).</summary>
    public void Sync() => Handle.Sync(DisplayPath);

    /// <summary>Puts all of the file system that holds this directory on disk: syncfs(2).</summary>
    public void SyncFilesystem() => NativeCall.Check(NativeMethods.syncfs(Descriptor), "sync the file system of", DisplayPath);

    // struct linux_dirent64: inode u64 at 0, offset s64 at 8, record length u16 at 16, type u8 at 18, name from 19, NUL-terminated.
    private void ParseEntries(ReadOnlySpan<byte> records, List<DirectoryEntry> entries)
    {
        while (!records.IsEmpty)
        {
            ulong inode = MemoryMarshal.Read<ulong>(records);
            ushort recordLength = MemoryMarshal.Read<ushort>(records[16..]);
            ReadOnlySpan<byte> name = records[19..recordLength];
            name = name[..name.IndexOf((byte)0)];
            byte type = records[18];
            records = records[recordLength..];
            if (name.SequenceEqual("."u8) || name.SequenceEqual(".."u8))
            {
                continue;
            }

            string text = FileName.Decode(name);

            // The type is the S_IFMT bits shifted down by 12; 0 where the file system does not tell.
            FileKind kind = ModeBits.GetKind((uint)type << 12);
            if (kind == FileKind.Unknown)
            {
                kind = TryGetStatus(text)?.Kind ?? FileKind.Unknown;
            }

            entries.Add(new DirectoryEntry(text, kind, inode));
        }
    }
}
