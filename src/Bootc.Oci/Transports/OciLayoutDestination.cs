// Writes an image into an OCI image layout: `oci:`.
using System.Text.Json;
using System.Text.Json.Nodes;
using Bootc.Linux;
using Bootc.Oci.Model;

namespace Bootc.Oci.Transports;

/// <summary>
/// An image in an OCI image layout (image-spec, image-layout.md), under a tag or as the one image without. Blobs get their names
/// when they are whole; the index changes last, by one rename, and other images in the layout stay.
/// </summary>
internal sealed class OciLayoutDestination : IImageDestination
{
    private const string RefNameAnnotation = "org.opencontainers.image.ref.name";
    private readonly DirectoryHandle _layout;
    private readonly DirectoryHandle _blobs;
    private readonly string? _tag;

    public OciLayoutDestination(ImageReference reference, string path, string? tag)
    {
        Reference = reference;
        _tag = tag;
        Directory.CreateDirectory(path);
        _layout = DirectoryHandle.Open(path);
        try
        {
            if (!_layout.Exists("oci-layout"))
            {
                _layout.WriteAllBytesAtomically("oci-layout", """{"imageLayoutVersion":"1.0.0"}"""u8);
            }

            _blobs = _layout.EnsureDirectory("blobs/sha256");
        }
        catch
        {
            _layout.Dispose();
            throw;
        }
    }

    public ImageReference Reference { get; }

    public Task<Descriptor> WriteBlobAsync(string mediaType, Func<Stream, CancellationToken, Task> write, CancellationToken cancellation) =>
        LayoutBlobs.WriteAsync(_blobs, mediaType, write, cancellation);

    public async Task<Digest> WriteManifestAsync(ReadOnlyMemory<byte> manifest, string mediaType, CancellationToken cancellation)
    {
        Descriptor descriptor = await WriteBlobAsync(mediaType, (output, _) => output.WriteAsync(manifest, CancellationToken.None).AsTask(), cancellation).ConfigureAwait(false);
        JsonObject index = ReadIndex();
        var entry = new JsonObject { ["mediaType"] = mediaType, ["digest"] = descriptor.Digest.ToString(), ["size"] = descriptor.Size };
        if (_tag is not null)
        {
            entry["annotations"] = new JsonObject { [RefNameAnnotation] = _tag };
        }

        JsonNode[] others = [.. ((JsonArray)index["manifests"]!).OfType<JsonObject>().Where(other => TagOf(other) != _tag).Select(other => other.DeepClone())];
        index["manifests"] = new JsonArray([.. others, entry]);
        _layout.SyncFilesystem(); // what the index names is on disk before it
        _layout.WriteAllBytesAtomically("index.json", Serialize(index));
        return descriptor.Digest;
    }

    public ValueTask DisposeAsync()
    {
        _blobs.Dispose();
        _layout.Dispose();
        return ValueTask.CompletedTask;
    }

    // What others wrote there stays as it is, also what is not understood here.
    private JsonObject ReadIndex()
    {
        if (_layout.TryReadAllBytes("index.json") is not { } bytes)
        {
            return new JsonObject { ["schemaVersion"] = 2, ["mediaType"] = MediaTypes.OciIndex, ["manifests"] = new JsonArray() };
        }

        try
        {
            return JsonNode.Parse(bytes) is JsonObject index && index["manifests"] is JsonArray
                ? index
                : throw new ManifestException($"the index of {_layout.DisplayPath} has no list of manifests");
        }
        catch (JsonException e)
        {
            throw new ManifestException($"the index of {_layout.DisplayPath} is malformed: {e.Message}", e);
        }
    }

    private static string? TagOf(JsonObject entry) => entry["annotations"] is JsonObject annotations && annotations[RefNameAnnotation] is JsonValue value && value.TryGetValue(out string? tag) ? tag : null;

    private static byte[] Serialize(JsonObject document)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            document.WriteTo(writer);
        }

        return buffer.ToArray();
    }
}
