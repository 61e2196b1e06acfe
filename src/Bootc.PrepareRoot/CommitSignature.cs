// Whether a commit is signed by one of the keys that the initramfs has.
using Bootc.Linux;
using Bootc.Ostree;
using Bootc.Ostree.GVariant;
using Bootc.Ostree.Objects;
using Org.BouncyCastle.Math.EC.Rfc8032;

namespace Bootc.PrepareRoot;

/// <summary>Checks Ed25519 signatures as <c>ostree sign</c> makes them: of the commit's bytes, in its detached metadata.</summary>
internal static class CommitSignature
{
    private const string SignaturesKey = "ostree.sign.ed25519"; // aay

    /// <summary>Returns if any key of <paramref name="keyPath"/> made any signature of the commit.</summary>
    /// <param name="root">The physical root.</param>
    /// <param name="initramfs">The root of the initramfs.</param>
    /// <param name="keyPath">The file with the public keys, a line of base64 each.</param>
    /// <param name="name">The commit's name.</param>
    /// <param name="commit">The commit's bytes.</param>
    /// <exception cref="PrepareRootException">There is no key, no signature, or none that fits.</exception>
    public static void Require(DirectoryHandle root, DirectoryHandle initramfs, string keyPath, Checksum name, byte[] commit)
    {
        List<byte[]> keys = ReadKeys(initramfs, keyPath);
        string path = $"ostree/repo/objects/{new ObjectName(name, ObjectType.CommitMeta).PathIn(RepositoryMode.Bare)}";
        byte[] metadata = root.TryReadAllBytes(path) ?? throw new PrepareRootException($"the commit {name} is not signed: {path} is missing");
        byte[][] signatures = ReadSignatures(metadata, path);
        if (signatures.Length == 0)
        {
            throw new PrepareRootException($"the commit {name} is not signed: {path} has no {SignaturesKey}");
        }

        if (!keys.Exists(key => Array.Exists(signatures, signature => IsValid(key, signature, commit))))
        {
            throw new PrepareRootException($"the commit {name} is not signed by any key of {keyPath}");
        }
    }

    private static bool IsValid(byte[] key, byte[] signature, byte[] commit) =>
        signature.Length == Ed25519.SignatureSize && Ed25519.Verify(signature, 0, key, 0, commit, 0, commit.Length);

    private static List<byte[]> ReadKeys(DirectoryHandle initramfs, string keyPath)
    {
        string text = initramfs.TryReadAllText(keyPath.TrimStart('/')) ?? throw new PrepareRootException($"composefs.enabled is signed, and {keyPath} with the public keys is missing");
        var keys = new List<byte[]>();
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            byte[] key = new byte[Ed25519.PublicKeySize];
            keys.Add(Convert.TryFromBase64String(line, key, out int length) && length == key.Length
                ? key
                : throw new PrepareRootException($"{keyPath}: '{line}' is no Ed25519 public key in base64"));
        }

        return keys.Count > 0 ? keys : throw new PrepareRootException($"{keyPath} has no public key");
    }

    private static byte[][] ReadSignatures(byte[] metadata, string path)
    {
        try
        {
            return VariantDictionary.Parse(metadata).TryGet(SignaturesKey) is { Type: "aay" } list ? [.. list.AsArray().Select(signature => signature.AsBytes().ToArray())] : [];
        }
        catch (GVariantException e)
        {
            throw new PrepareRootException($"{path} is malformed: {e.Message}", e);
        }
    }
}
