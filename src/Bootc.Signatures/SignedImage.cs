// The image whose signatures are looked at.
using Bootc.Oci.Model;
using Bootc.Signatures.Policy;
using Bootc.Signatures.Sigstore;

namespace Bootc.Signatures;

/// <summary>An image as its signatures must describe it.</summary>
/// <param name="Name">Its name, if its transport gives it one.</param>
/// <param name="Manifest">The bytes of its manifest.</param>
internal sealed record SignedImage(DockerReference? Name, ReadOnlyMemory<byte> Manifest)
{
    /// <summary>Checks that what was signed is this image.</summary>
    /// <exception cref="InvalidSignatureException">It is another one.</exception>
    public void Require(SignedPayload payload, SignedIdentity identity)
    {
        Digest actual = Digest.Compute(Manifest.Span); // as containers/image, which knows no other algorithm here
        if (payload.ManifestDigest != actual)
        {
            throw new InvalidSignatureException($"the signature is for the manifest {payload.ManifestDigest}, and this one is {actual}");
        }

        if (!identity.Matches(Name, payload.DockerReference))
        {
            string image = Name is null ? "the image has no name of its own" : $"the image is {Name}";
            throw new InvalidSignatureException($"the signature is for '{payload.DockerReference}', and {image}: it must be {identity}");
        }
    }
}
