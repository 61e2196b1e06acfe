// Who must have signed.
using Bootc.Signatures.Keys;
using Bootc.Signatures.Policy;

namespace Bootc.Signatures.Sigstore.Bundles;

/// <summary>The signer whom a verifier asks for: a key, or someone who has logged in somewhere.</summary>
public sealed class ExpectedSigner
{
    private ExpectedSigner(PublicKey? key, string identity, string issuer)
    {
        PublicKey = key;
        Identity = identity;
        Issuer = issuer;
    }

    /// <summary>The key.</summary>
    internal PublicKey? PublicKey { get; }

    /// <summary>The e-mail address, URI or user name in the certificate.</summary>
    internal string Identity { get; }

    /// <summary>Where the signer has logged in.</summary>
    internal string Issuer { get; }

    /// <summary>The holder of a key.</summary>
    /// <param name="pem">The public key in PEM format.</param>
    /// <param name="name">Its name, for messages.</param>
    /// <exception cref="TrustRootException">It is no key.</exception>
    public static ExpectedSigner OfKey(ReadOnlySpan<byte> pem, string name)
    {
        try
        {
            return OfKey(PublicKey.FromPem(pem));
        }
        catch (FormatException e)
        {
            throw new TrustRootException($"{name} is no public key: {e.Message}", e);
        }
    }

    /// <summary>Someone who has logged in.</summary>
    /// <param name="identity">The e-mail address, URI or user name that a certificate must have.</param>
    /// <param name="issuer">The URL of the OpenID Connect provider.</param>
    public static ExpectedSigner OfIdentity(string identity, string issuer) => new(null, identity, issuer);

    /// <summary>The holder of a key.</summary>
    internal static ExpectedSigner OfKey(PublicKey key) => new(key, "", "");
}
