// What is shown of an image.
using System.Text.Json;
using Bootc.Oci;
using Bootc.Oci.Model;

namespace Bootc.Import;

/// <summary>What people are told of an image in a repository, read without making models of its manifest and its configuration.</summary>
/// <param name="ManifestDigest">The digest of its manifest.</param>
/// <param name="Version">The version that its labels give it.</param>
/// <param name="Timestamp">When it was made.</param>
/// <param name="Architecture">Its architecture; empty when its configuration does not say.</param>
/// <param name="CachedUpdate">A newer image that was seen under its reference, if any.</param>
public sealed record ImageSummary(Digest ManifestDigest, string? Version, DateTimeOffset? Timestamp, string Architecture, ImageSummary? CachedUpdate)
{
    /// <summary>Reads what is wanted of a manifest and a configuration.</summary>
    /// <exception cref="ManifestException">One of them is malformed.</exception>
    internal static ImageSummary Read(Digest digest, ReadOnlyMemory<byte> manifest, ReadOnlyMemory<byte> config, string what, ImageSummary? cachedUpdate = null)
    {
        using JsonDocument manifestJson = Parse(manifest, $"the manifest of {what}");
        using JsonDocument configJson = Parse(config, $"the configuration of {what}");
        JsonElement? annotations = TryGet(manifestJson.RootElement, "annotations");
        JsonElement? labels = TryGet(TryGet(configJson.RootElement, "config"), "Labels");
        string? created = TryGetText(annotations, StoredImage.CreatedAnnotation) ?? TryGetText(configJson.RootElement, "created");
        return new ImageSummary(
            digest,
            TryGetText(labels, StoredImage.VersionLabel) ?? TryGetText(labels, StoredImage.OldVersionLabel),
            StoredImage.ParseTime(created),
            TryGetText(configJson.RootElement, "architecture") ?? "",
            cachedUpdate);
    }

    private static JsonDocument Parse(ReadOnlyMemory<byte> json, string what)
    {
        try
        {
            return JsonDocument.Parse(json);
        }
        catch (JsonException e)
        {
            throw new ManifestException($"{what} is malformed: {e.Message}", e);
        }
    }

    private static JsonElement? TryGet(JsonElement? parent, string name) =>
        parent is { ValueKind: JsonValueKind.Object } known && known.TryGetProperty(name, out JsonElement value) ? value : null;

    private static string? TryGetText(JsonElement? parent, string name) =>
        TryGet(parent, name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;
}
