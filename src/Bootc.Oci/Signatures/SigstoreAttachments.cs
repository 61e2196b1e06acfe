// The image beside an image whose layers are its signatures: cosign's convention.
using System.Text;
using Bootc.Oci.Model;

namespace Bootc.Oci.Signatures;

/// <summary>cosign keeps signatures of a manifest as an image of their own, under the tag <c>sha256-HEX.sig</c> of the same repository.</summary>
internal static class SigstoreAttachments
{
    private const long MaximumTotal = 64 * 1024 * 1024;

    /// <summary>Fetches a blob of the repository.</summary>
    public delegate Task<ReadOnlyMemory<byte>> FetchBlob(Descriptor descriptor, long limit, CancellationToken cancellation);

    /// <summary>The tag under which signatures of a manifest are.</summary>
    public static string TagOf(Digest manifest) => $"{manifest.Algorithm}-{manifest.Hex}.sig";

    /// <summary>The configuration of an image of signatures, which says what its layers are.</summary>
    public static byte[] MakeConfig(IEnumerable<Descriptor> layers) => Encoding.UTF8.GetBytes(
        $$$"""{"architecture":"","os":"","config":{},"rootfs":{"type":"layers","diff_ids":[{{{string.Join(',', layers.Select(layer => $"\"{layer.Digest}\""))}}}]}}""");

    /// <summary>Fetches all that is attached.</summary>
    public static async Task<IReadOnlyList<ImageSignature>> FetchAsync(ImageManifest attachments, string origin, FetchBlob fetch, CancellationToken cancellation)
    {
        var signatures = new List<ImageSignature>(attachments.Layers.Length);
        long total = 0;
        foreach (Descriptor layer in attachments.Layers)
        {
            total += layer.Size;
            if (total > MaximumTotal)
            {
                throw new ManifestException($"{origin} has more than {MaximumTotal} bytes of signatures");
            }

            ReadOnlyMemory<byte> payload = await fetch(layer, ImageSignature.MaximumSize, cancellation).ConfigureAwait(false);
            signatures.Add(new SigstoreSignature($"{origin} layer {signatures.Count + 1}", layer.MediaType, payload, layer.Annotations ?? []));
        }

        return signatures;
    }
}
