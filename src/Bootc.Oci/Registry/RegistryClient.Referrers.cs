// Manifests that refer to others (OCI distribution-spec 1.1, "Listing Referrers" and "Referrers Tag Schema").
using Bootc.Oci.Model;
using Bootc.Oci.Signatures;

namespace Bootc.Oci.Registry;

public sealed partial class RegistryClient
{
    private const int MaximumBundle = 32 * 1024 * 1024;
    private const long MaximumBundles = 64 * 1024 * 1024;
    private const string EmptyConfig = "application/vnd.oci.empty.v1+json"; // what old clients write into lists instead of the artifact's type

    // Those whose descriptors say what they are, and those that tell it only in their own manifests.
    private async Task<IReadOnlyList<ImageSignature>> GetBundlesAsync(RegistryReference image, Digest manifest, CancellationToken cancellation)
    {
        var bundles = new List<ImageSignature>();
        long total = 0;
        foreach (Descriptor referrer in await GetReferrersAsync(image, manifest, cancellation).ConfigureAwait(false))
        {
            if (referrer.ArtifactType is { Length: > 0 } type && !BundleSignature.IsBundle(type) && type != EmptyConfig)
            {
                continue;
            }

            RegistryReference place = image with { Tag = null, Digest = referrer.Digest };
            (ReadOnlyMemory<byte> bytes, _) = await GetManifestAsync(place, cancellation).ConfigureAwait(false);
            foreach (Descriptor layer in ImageManifest.Parse(bytes.Span, place.ToString()).Layers.Where(layer => BundleSignature.IsBundle(layer.MediaType)))
            {
                total += layer.Size;
                if (bundles.Count == ImageSignature.MaximumCount || total > MaximumBundles)
                {
                    throw new ManifestException($"{image} has more bundles of signatures than the {ImageSignature.MaximumCount}, or {MaximumBundles} bytes, that are read");
                }

                bundles.Add(new BundleSignature(place.ToString(), await GetBlobAsync(place, layer, MaximumBundle, cancellation).ConfigureAwait(false)));
            }
        }

        return bundles;
    }

    // A registry without such lists has them under a tag.
    private async Task<IReadOnlyList<Descriptor>> GetReferrersAsync(RegistryReference image, Digest manifest, CancellationToken cancellation)
    {
        string what = $"list of what refers to {manifest} in {image.Registry}/{image.Repository}";
        try
        {
            (byte[] bytes, string? type) = await FetchSmallAsync(
                image, $"referrers/{manifest}", what, static request => request.Headers.Accept.ParseAdd(MediaTypes.OciIndex), ImageManifest.MaximumSize, cancellation).ConfigureAwait(false);
            if (type == MediaTypes.OciIndex)
            {
                return Bounded(ImageIndex.Parse(bytes, what), what);
            }
        }
        catch (ImageNotFoundException)
        {
            // It has no such lists.
        }
        catch (RegistryException e) when (e.Status is 400 or 405 or 406 or 501)
        {
            // Nor has this one.
        }

        return await FindReferrersAsync(image.WithTag(TagOfReferrers(manifest)), cancellation).ConfigureAwait(false) is { } index ? Bounded(index, what) : [];
    }

    private static string TagOfReferrers(Digest manifest) => $"{manifest.Algorithm}-{manifest.Hex}";

    private async Task<ImageIndex?> FindReferrersAsync(RegistryReference list, CancellationToken cancellation)
    {
        try
        {
            (ReadOnlyMemory<byte> bytes, _) = await GetManifestAsync(list, cancellation).ConfigureAwait(false);
            return ImageIndex.Parse(bytes.Span, list.ToString());
        }
        catch (ImageNotFoundException)
        {
            return null;
        }
    }

    private static Descriptor[] Bounded(ImageIndex index, string what) => index.Manifests.Length <= 4 * ImageSignature.MaximumCount
        ? index.Manifests
        : throw new ManifestException($"the {what} has {index.Manifests.Length} entries, more than {4 * ImageSignature.MaximumCount}");
}
