// A blob that is made before it is known what it is.
using Bootc.Oci.Layers;
using Bootc.Oci.Model;

namespace Bootc.Oci.Transports;

/// <summary>A blob in a file without a name: it is made once, and read as often as it takes to bring it where it shall be.</summary>
internal sealed class MadeBlob : IBlobContent, IDisposable
{
    private readonly FileStream _file;

    private MadeBlob(FileStream file, Descriptor descriptor)
    {
        _file = file;
        Descriptor = descriptor;
    }

    public string Name => $"blob {Descriptor.Digest}";

    public Descriptor Descriptor { get; }

    /// <summary>Makes a blob.</summary>
    /// <param name="directory">Where the file is.</param>
    /// <param name="mediaType">The blob's media type.</param>
    /// <param name="write">Writes its content.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="OciException">There is no room for it.</exception>
    public static async Task<MadeBlob> MakeAsync(string directory, string mediaType, Func<Stream, CancellationToken, Task> write, CancellationToken cancellation)
    {
        FileStream file = UnnamedFile.Create(directory);
        try
        {
            using var content = new HashingStream(file);
            await write(content, cancellation).ConfigureAwait(false);
            return new MadeBlob(file, new Descriptor { MediaType = mediaType, Digest = content.GetDigest(), Size = content.Length });
        }
        catch (Exception e)
        {
            await file.DisposeAsync().ConfigureAwait(false);
            if (e is IOException and not EndOfStreamException)
            {
                throw new OciException($"a blob cannot be written to {directory}: {e.Message}", e);
            }

            throw;
        }
    }

    public Task<Stream> OpenAsync(CancellationToken cancellation) =>
        Task.FromResult<Stream>(new FileStream(UnnamedFile.PathOf(_file), FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0));

    public void Dispose() => _file.Dispose();
}
