// Writes an image into a tar file: `oci-archive:`.
using System.Formats.Tar;
using System.Text.Json;
using Bootc.Linux;
using Bootc.Oci.Engine;
using Bootc.Oci.Model;

namespace Bootc.Oci.Transports;

/// <summary>
/// An image as an OCI image layout in a tar file (image-spec, image-layout.md). The file has no name until the image is whole; what
/// had the name before is replaced then, by one rename.
/// </summary>
internal sealed class OciArchiveDestination : IImageDestination
{
    private const string RefNameAnnotation = "org.opencontainers.image.ref.name";
    private const uint Mode = 0x1A4; // 0644

    private readonly string _name;
    private readonly string? _tag;
    private readonly string _temporary;
    private readonly DirectoryHandle _directory;
    private readonly FileStream _file;
    private readonly TarWriter _tar;
    private readonly SemaphoreSlim _gate = new(1);
    private readonly HashSet<Digest> _blobs = [];

    /// <param name="reference">The reference.</param>
    /// <param name="path">The archive.</param>
    /// <param name="tag">The name of the image in it, if any.</param>
    /// <param name="temporary">Where blobs are that are being made.</param>
    /// <exception cref="ImageNotFoundException">There is no directory for the archive.</exception>
    public OciArchiveDestination(ImageReference reference, string path, string? tag, string temporary)
    {
        Reference = reference;
        _name = Path.GetFileName(path);
        _tag = tag;
        _temporary = temporary;
        string directory = Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/";
        if (_name.Length == 0)
        {
            throw new ImageNotFoundException($"'{path}' is no name of an image archive");
        }

        try
        {
            _directory = DirectoryHandle.Open(directory);
        }
        catch (LinuxException e) when (e.Error is Errno.ENOENT or Errno.ENOTDIR)
        {
            throw new ImageNotFoundException($"there is no directory {directory} for the image archive", e);
        }

        try
        {
            _file = new FileStream(_directory.CreateTemporaryFile(Mode), FileAccess.ReadWrite, bufferSize: 0);
        }
        catch
        {
            _directory.Dispose();
            throw;
        }

        _tar = new TarWriter(_file, TarEntryFormat.Gnu, leaveOpen: true);
    }

    public ImageReference Reference { get; }

    public async Task<Descriptor> WriteBlobAsync(string mediaType, Func<Stream, CancellationToken, Task> write, CancellationToken cancellation)
    {
        // A tar file wants a blob's size and digest before its content, and one blob at a time.
        using MadeBlob blob = await MadeBlob.MakeAsync(_temporary, mediaType, write, cancellation).ConfigureAwait(false);
        await _gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (_blobs.Add(blob.Descriptor.Digest))
            {
                Stream content = await blob.OpenAsync(cancellation).ConfigureAwait(false);
                await using (content.ConfigureAwait(false))
                {
                    await OciArchiveWriter.WriteAsync(_tar, OciArchiveWriter.PathOf(blob.Descriptor.Digest), content, cancellation).ConfigureAwait(false);
                }
            }
        }
        catch (IOException e)
        {
            throw new OciException($"{Reference} cannot be written: {e.Message}", e);
        }
        finally
        {
            _gate.Release();
        }

        return blob.Descriptor;
    }

    public async Task<Digest> WriteManifestAsync(ReadOnlyMemory<byte> manifest, string mediaType, CancellationToken cancellation)
    {
        Descriptor descriptor = await WriteBlobAsync(mediaType, (output, stop) => output.WriteAsync(manifest, stop).AsTask(), cancellation).ConfigureAwait(false);
        Descriptor named = _tag is null ? descriptor : descriptor with { Annotations = new() { [RefNameAnnotation] = _tag } };
        byte[] index = JsonSerializer.SerializeToUtf8Bytes(new ImageIndex { MediaType = MediaTypes.OciIndex, Manifests = [named] }, OciJson.Default.ImageIndex);
        try
        {
            await OciArchiveWriter.WriteAsync(_tar, "index.json", new MemoryStream(index), cancellation).ConfigureAwait(false);
            await OciArchiveWriter.WriteLayoutFileAsync(_tar, cancellation).ConfigureAwait(false);
            await _tar.DisposeAsync().ConfigureAwait(false);
            _file.Flush(flushToDisk: true);
        }
        catch (IOException e)
        {
            throw new OciException($"{Reference} cannot be written: {e.Message}", e);
        }

        string temporary = $".{_name}.{Path.GetRandomFileName()}";
        _directory.LinkTemporaryFile(_file.SafeFileHandle, temporary);
        try
        {
            _directory.Rename(temporary, _directory, _name);
        }
        catch
        {
            _directory.TryRemoveFile(temporary);
            throw;
        }

        return descriptor.Digest;
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await _tar.DisposeAsync().ConfigureAwait(false);
        }
        catch (IOException)
        {
            // The disk is full, which was told; what is there has no name.
        }

        await _file.DisposeAsync().ConfigureAwait(false);
        _directory.Dispose();
        _gate.Dispose();
    }
}
