// Blobs that are read twice and fetched once.
using System.Collections.Concurrent;
using Bootc.Oci.Layers;
using Bootc.Oci.Model;
using Bootc.Oci.Transports;

namespace Bootc.Oci;

/// <summary>
/// Keeps the blobs that come from a registry, for who reads an image a second time. They are in files that have no name, so that
/// nothing of them stays however this program ends. What there is no room for is fetched again.
/// </summary>
/// <param name="directory">Where the files are.</param>
public sealed class BlobSpool(string directory) : IDisposable
{
    private readonly ConcurrentDictionary<Digest, FileStream> _blobs = new();

    /// <summary>Forgets the blobs.</summary>
    public void Dispose()
    {
        foreach (FileStream file in _blobs.Values)
        {
            file.Dispose();
        }

        _blobs.Clear();
    }

    /// <summary>A blob that passed by before, checked against its digest once more; <see langword="null"/> when it did not, or not to its end.</summary>
    internal Stream? TryOpen(Descriptor blob, IProgress<long>? bytesReceived) => !_blobs.TryGetValue(blob.Digest, out FileStream? file)
        ? null
        : new DigestStream(
            new CountingStream(new FileSlice(UnnamedFile.PathOf(file), 0, file.Length), bytesReceived),
            blob.Digest,
            blob.Size,
            (expected, actual) => new DigestMismatchException($"blob {expected}, as it was kept in {directory},", expected, actual));

    /// <summary>Keeps a blob as it is read; it counts once its end was read without an error.</summary>
    /// <param name="blob">Which one.</param>
    /// <param name="content">The blob, disposed with the result.</param>
    internal Stream Keep(Descriptor blob, Stream content)
    {
        try
        {
            return new KeepingStream(content, UnnamedFile.Create(directory), file => Add(blob.Digest, file));
        }
        catch (OciException)
        {
            return content;
        }
    }

    private void Add(Digest digest, FileStream file)
    {
        if (!_blobs.TryAdd(digest, file))
        {
            file.Dispose(); // another reader was faster
        }
    }

    private sealed class KeepingStream(Stream source, FileStream file, Action<FileStream> whole) : ObservingStream(source)
    {
        private FileStream? _file = file;

        protected override void Observe(ReadOnlySpan<byte> data, bool isEnd)
        {
            if (_file is null)
            {
                return;
            }

            if (isEnd)
            {
                whole(_file);
                _file = null;
                return;
            }

            try
            {
                _file.Write(data);
            }
            catch (IOException)
            {
                _file.Dispose(); // the disk is full: others need it more
                _file = null;
            }
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                _file?.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
