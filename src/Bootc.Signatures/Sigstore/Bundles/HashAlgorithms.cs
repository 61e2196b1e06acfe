// The algorithms of digests by the names that Sigstore's formats give them.
using System.Security.Cryptography;

namespace Bootc.Signatures.Sigstore.Bundles;

internal static class HashAlgorithms
{
    /// <summary>The values of the enumeration <c>HashAlgorithm</c>, by number.</summary>
    public static readonly string[] Names = ["HASH_ALGORITHM_UNSPECIFIED", "SHA2_256", "SHA2_384", "SHA2_512", "SHA3_256", "SHA3_384"];

    /// <summary>The algorithm of a name: <c>SHA2_256</c> of protocol buffers, <c>sha256</c> of in-toto and Rekor's first kind.</summary>
    /// <exception cref="InvalidSignatureException">It is none that is supported.</exception>
    public static HashAlgorithmName Parse(string name) => TryParse(name) ?? throw new InvalidSignatureException($"digests by '{name}' are not supported");

    /// <summary>The same, if it is known.</summary>
    public static HashAlgorithmName? TryParse(string name) => name switch
    {
        "SHA2_256" or "sha256" => HashAlgorithmName.SHA256,
        "SHA2_384" or "sha384" => HashAlgorithmName.SHA384,
        "SHA2_512" or "sha512" => HashAlgorithmName.SHA512,
        _ => null,
    };
}
