// Writes an image into a directory as skopeo's `dir:` has it.
using System.Collections.Concurrent;
using Bootc.Linux;
using Bootc.Oci.Model;

namespace Bootc.Oci.Transports;

/// <summary>
/// An image in a directory: <c>manifest.json</c>, blobs named by their hexadecimal digests, and a file <c>version</c>. An image that
/// is there already is one until the manifest of the new one takes its place; then what belonged to it alone goes.
/// </summary>
internal sealed class DirectoryDestination : IImageDestination
{
    private const string VersionFile = "version";
    private const string ManifestFile = "manifest.json";
    private readonly DirectoryHandle _directory;
    private readonly ConcurrentDictionary<string, bool> _written = new(StringComparer.Ordinal);

    /// <param name="reference">The reference, whose name is the directory; it is made where it is missing.</param>
    /// <exception cref="OciException">There is something else than an image in it.</exception>
    public DirectoryDestination(ImageReference reference)
    {
        Reference = reference;
        Directory.CreateDirectory(reference.Name);
        _directory = DirectoryHandle.Open(reference.Name);
        try
        {
            if (!_directory.Exists(VersionFile))
            {
                if (_directory.List().Count > 0)
                {
                    throw new OciException($"{reference.Name} is neither empty nor a directory with an image");
                }

                _directory.WriteAllBytesAtomically(VersionFile, "Directory Transport Version: 1.1\n"u8);
            }
        }
        catch
        {
            _directory.Dispose();
            throw;
        }
    }

    public ImageReference Reference { get; }

    public async Task<Descriptor> WriteBlobAsync(string mediaType, Func<Stream, CancellationToken, Task> write, CancellationToken cancellation)
    {
        Descriptor blob = await LayoutBlobs.WriteAsync(_directory, mediaType, write, cancellation).ConfigureAwait(false);
        _written[blob.Digest.Hex] = true;
        return blob;
    }

    public Task<Digest> WriteManifestAsync(ReadOnlyMemory<byte> manifest, string mediaType, CancellationToken cancellation)
    {
        _directory.SyncFilesystem(); // what the manifest names is on disk before it
        _directory.WriteAllBytesAtomically(ManifestFile, manifest.Span);
        foreach (DirectoryEntry entry in _directory.List())
        {
            if (IsOfAnImage(entry.Name) && !_written.ContainsKey(entry.Name))
            {
                _directory.TryRemoveFile(entry.Name);
            }
        }

        return Task.FromResult(Digest.Compute(manifest.Span));
    }

    public ValueTask DisposeAsync()
    {
        _directory.Dispose();
        return ValueTask.CompletedTask;
    }

    private static bool IsOfAnImage(string name) =>
        (name.Length is 64 or 128 && !name.AsSpan().ContainsAnyExcept("0123456789abcdef"))
        || name.Contains("signature-", StringComparison.Ordinal)
        || name.EndsWith(".manifest.json", StringComparison.Ordinal);
}
