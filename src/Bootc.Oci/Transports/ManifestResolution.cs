// From what a name stands for to the manifest of one image: through an index, where there is one.
using System.Text.Json;
using Bootc.Oci.Model;

namespace Bootc.Oci.Transports;

internal static class ManifestResolution
{
    /// <summary>Fetches a manifest or index by its digest, or what the name stands for when there is none.</summary>
    public delegate Task<(ReadOnlyMemory<byte> Bytes, string? MediaType)> Fetch(Digest? digest);

    public static async Task<ResolvedManifest> ResolveAsync(Fetch fetch, Platform platform, string what)
    {
        (ReadOnlyMemory<byte> bytes, string? mediaType) = await fetch(null).ConfigureAwait(false);
        mediaType = TypeOf(bytes, mediaType, what);
        Digest? indexDigest = null;
        ReadOnlyMemory<byte> indexBytes = default;
        if (MediaTypes.IsIndex(mediaType))
        {
            indexBytes = bytes;
            indexDigest = Digest.Compute(bytes.Span);
            Descriptor chosen = ImageIndex.Parse(bytes.Span, what).Choose(platform, what);
            (bytes, mediaType) = await fetch(chosen.Digest).ConfigureAwait(false);
            chosen.Digest.Require(bytes.Span, $"the manifest of {what}"); // the index may be what was signed
            mediaType = TypeOf(bytes, mediaType, what);
        }

        return MediaTypes.IsManifest(mediaType)
            ? new ResolvedManifest(bytes, Digest.Compute(bytes.Span), ImageManifest.Parse(bytes.Span, what), indexDigest) { IndexBytes = indexBytes }
            : throw NoImage(what, mediaType);
    }

    /// <summary>The digest of what <see cref="ResolveAsync"/> gives, without fetching the manifest that an index names.</summary>
    public static async Task<Digest> FindAsync(Fetch fetch, Platform platform, string what)
    {
        (ReadOnlyMemory<byte> bytes, string? mediaType) = await fetch(null).ConfigureAwait(false);
        mediaType = TypeOf(bytes, mediaType, what);
        return MediaTypes.IsIndex(mediaType) ? ImageIndex.Parse(bytes.Span, what).Choose(platform, what).Digest
            : MediaTypes.IsManifest(mediaType) ? Digest.Compute(bytes.Span)
            : throw NoImage(what, mediaType);
    }

    private static ManifestException NoImage(string what, string? mediaType) => new($"{what} has a manifest of type '{mediaType}', which is not that of an image");

    // The document's own word counts, then that of the server, then what it looks like.
    private static string? TypeOf(ReadOnlyMemory<byte> bytes, string? given, string what)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(bytes, new JsonDocumentOptions { AllowDuplicateProperties = false });
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
            {
                throw new ManifestException($"the manifest of {what} is no JSON object");
            }

            // A document that is one thing to one reader and another to the next: who signed it may have been the former.
            if (root.TryGetProperty("manifests", out _) && (root.TryGetProperty("layers", out _) || root.TryGetProperty("config", out _)))
            {
                throw new ManifestException($"the manifest of {what} is that of an image and an index at once");
            }

            if (root.TryGetProperty("mediaType", out JsonElement own) && own.ValueKind == JsonValueKind.String)
            {
                return own.GetString();
            }

            if (MediaTypes.IsIndex(given) || MediaTypes.IsManifest(given))
            {
                return given;
            }

            return root.TryGetProperty("manifests", out _) ? MediaTypes.OciIndex : root.TryGetProperty("layers", out _) ? MediaTypes.OciManifest : given;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new ManifestException($"the manifest of {what} is no JSON: {e.Message}", e);
        }
    }
}
