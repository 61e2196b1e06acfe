// The beginning of a blob, kept for a run to come.
using Bootc.Linux;
using Bootc.Oci.Model;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Oci.Registry;

/// <summary>
/// A file with the first bytes of a blob, named by its digest. It need not be whole after a crash, nor right: what is read
/// from it is checked together with the rest, as all of a blob is. What nobody comes back for is removed from a repository's
/// directory for temporary files after a day, as all that is there. Trouble with it is none of a pull's: then nothing is kept.
/// </summary>
internal sealed class PartialBlob : IDisposable
{
    private const string Prefix = "bootc-partial-";
    private const long MinimumSize = 4 << 20; // smaller ones are not worth it
    private const uint Mode = 0x180; // 0600

    private readonly DirectoryHandle _directory;
    private readonly string _name;
    private readonly SafeFileHandle _file;

    private PartialBlob(DirectoryHandle directory, string name, SafeFileHandle file)
    {
        _directory = directory;
        _name = name;
        _file = file;
        Length = RandomAccess.GetLength(file);
        WasThere = Length > 0;
    }

    /// <summary>How many bytes there are.</summary>
    public long Length { get; private set; }

    /// <summary>Whether a run before left some.</summary>
    public bool WasThere { get; }

    /// <summary>Whether what comes is kept.</summary>
    public bool IsKept { get; private set; } = true;

    /// <summary>What there is of a blob; nothing, if need be. <see langword="null"/> for a blob that is too small, or where no files can be made.</summary>
    public static PartialBlob? TryOpen(string directory, Descriptor blob)
    {
        if (blob.Size < MinimumSize)
        {
            return null;
        }

        DirectoryHandle? place = null;
        try
        {
            place = DirectoryHandle.Open(directory);
            string name = $"{Prefix}{blob.Digest.Hex}";
            if (place.TryGetStatus(name) is { } status && (status.Kind != FileKind.Regular || status.Size > blob.Size))
            {
                place.RemoveFile(name);
            }

            SafeFileHandle file = place.Exists(name) ? place.OpenFileForWriting(name) : place.CreateFile(name, Mode);
            return new PartialBlob(place, name, file);
        }
        catch (Exception e) when (e is LinuxException or IOException)
        {
            place?.Dispose();
            return null;
        }
    }

    /// <summary>Reads bytes from an offset on.</summary>
    public ValueTask<int> ReadAsync(Memory<byte> buffer, long offset, CancellationToken cancellation) => RandomAccess.ReadAsync(_file, buffer, offset, cancellation);

    /// <summary>Adds bytes. Where there is no room, what there is goes.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (!IsKept)
        {
            return;
        }

        try
        {
            RandomAccess.Write(_file, bytes, Length);
            Length += bytes.Length;
        }
        catch (IOException)
        {
            Discard();
        }
    }

    /// <summary>Removes the file; what is open of it can still be read.</summary>
    public void Discard()
    {
        if (IsKept)
        {
            IsKept = false;
            _directory.TryRemoveFile(_name);
        }
    }

    public void Dispose()
    {
        _file.Dispose();
        _directory.Dispose();
    }
}
