// A reference to an image together with how it is verified, as deployments' origins have it.
namespace Bootc.Oci;

/// <summary>An image reference as ostree-ext writes it in <c>container-image-reference</c>.</summary>
/// <param name="Verification">How signatures are verified.</param>
/// <param name="Remote">The ostree remote, for <see cref="SignatureVerification.OstreeRemote"/>.</param>
/// <param name="Image">The image.</param>
public sealed record OstreeImageReference(SignatureVerification Verification, string? Remote, ImageReference Image)
{
    /// <summary>A reference whose signatures the containers policy judges, whatever it says.</summary>
    public static OstreeImageReference Unverified(ImageReference image) => new(SignatureVerification.ContainerPolicyAllowInsecure, null, image);

    /// <summary>Reads <c>ostree-unverified-registry:</c>, <c>ostree-unverified-image:</c>, <c>ostree-image-signed:</c>,
    /// <c>ostree-remote-registry:</c> or <c>ostree-remote-image:</c> and what follows.</summary>
    /// <exception cref="FormatException">It is none of these.</exception>
    public static OstreeImageReference Parse(string text)
    {
        int colon = text.IndexOf(':');
        string prefix = colon < 0 ? "" : text[..colon];
        string rest = colon < 0 ? "" : text[(colon + 1)..];
        switch (prefix)
        {
            case "ostree-image-signed":
                return new(SignatureVerification.ContainerPolicy, null, ImageReference.Parse(rest));
            case "ostree-unverified-image":
                return Unverified(ImageReference.Parse(rest));
            case "ostree-unverified-registry":
                return Unverified(ImageReference.Parse("registry:" + rest));
            case "ostree-remote-registry" or "ostree-remote-image":
                int second = rest.IndexOf(':');
                if (second <= 0)
                {
                    throw new FormatException($"'{text}' names no ostree remote");
                }

                string image = prefix == "ostree-remote-registry" ? "registry:" + rest[(second + 1)..] : rest[(second + 1)..];
                return new(SignatureVerification.OstreeRemote, rest[..second], ImageReference.Parse(image));
            default:
                throw new FormatException($"'{text}' is no image reference of a deployment: it begins with none of ostree-image-signed:, ostree-unverified-registry:, ostree-unverified-image:, ostree-remote-registry:, ostree-remote-image:");
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Verification switch
    {
        SignatureVerification.ContainerPolicy => $"ostree-image-signed:{Image}",
        SignatureVerification.OstreeRemote => $"ostree-remote-image:{Remote}:{Image}",
        _ when Image.Transport == Transport.Registry => $"ostree-unverified-registry:{Image.Name}",
        _ => $"ostree-unverified-image:{Image}",
    };
}
