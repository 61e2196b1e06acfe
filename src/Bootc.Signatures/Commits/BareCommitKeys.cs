// ed25519 and spki: keys without a name, an expiry or an owner; lists of trusted and of revoked ones say which count.
using System.Text;
using Bootc.Signatures.Keys;
using Bootc.Signatures.Policy;
using Org.BouncyCastle.Crypto.Parameters;

namespace Bootc.Signatures.Commits;

/// <summary>
/// Keys in files as <c>ostree sign</c> reads them. Those of a host are in <c>trusted.KIND</c> and in all files of
/// <c>trusted.KIND.d</c>, except those in <c>revoked.KIND</c> and <c>revoked.KIND.d</c>.
/// </summary>
internal sealed class BareCommitKeys : CommitKeys
{
    private static readonly string[] Directories = ["etc/ostree", "usr/share/ostree"];
    private readonly List<(PublicKey Key, bool IsRevoked)> _keys;
    private readonly string _source;

    private BareCommitKeys(CommitSignatureKind kind, IEnumerable<PublicKey> trusted, IEnumerable<PublicKey> revoked, string source)
    {
        HashSet<string> lost = [.. revoked.Select(key => key.Fingerprint)];
        Kind = kind;
        _keys = [.. trusted.DistinctBy(key => key.Fingerprint).Select(key => (key, lost.Contains(key.Fingerprint)))];
        _source = source;
    }

    public override CommitSignatureKind Kind { get; }

    /// <exception cref="TrustRootException">It cannot be read, or holds no key.</exception>
    public static BareCommitKeys FromFile(CommitSignatureKind kind, string path) => new(kind, Read(kind, path), [], path);

    /// <summary>The keys that a remote's settings name.</summary>
    /// <param name="kind">Of which kind they are.</param>
    /// <param name="path">A file, if there is one.</param>
    /// <param name="key">A key itself in base64, if there is one.</param>
    /// <param name="source">What they are from, for messages.</param>
    /// <exception cref="TrustRootException">They cannot be used.</exception>
    public static BareCommitKeys OfRemote(CommitSignatureKind kind, string? path, string? key, string source) =>
        new(kind, [.. path is null ? [] : Read(kind, path), .. key is null ? [] : (IEnumerable<PublicKey>)[FromBase64(kind, key, source)]], [], source);

    /// <exception cref="TrustRootException">A file cannot be read, or there is no key.</exception>
    public static BareCommitKeys OfHost(CommitSignatureKind kind, string root) => TryOfHost(kind, root)
        ?? throw new TrustRootException($"there is no {CommitSignatures.NameOf(kind)} key in {PlacesOf(kind)}, nor in the directories of that name with .d");

    /// <summary>The keys that a host trusts whatever the remote; <see langword="null"/> where there are none.</summary>
    /// <exception cref="TrustRootException">A file cannot be read.</exception>
    public static BareCommitKeys? TryOfHost(CommitSignatureKind kind, string root)
    {
        string name = CommitSignatures.NameOf(kind);
        PublicKey[] trusted = [.. Find(root, $"trusted.{name}").SelectMany(path => Read(kind, path))];
        PublicKey[] revoked = [.. Find(root, $"revoked.{name}").SelectMany(path => Read(kind, path))];
        return trusted.Length > 0 ? new BareCommitKeys(kind, trusted, revoked, PlacesOf(kind)) : null;
    }

    private protected override string VerifyOne(ReadOnlyMemory<byte> commit, ReadOnlyMemory<byte> signature)
    {
        byte[] value = signature.ToArray();
        foreach ((PublicKey key, bool isRevoked) in _keys)
        {
            if (key.Verifies(commit.Span, value))
            {
                return isRevoked ? throw new InvalidSignatureException($"{Describe(key)} is revoked") : Describe(key);
            }
        }

        throw new InvalidSignatureException($"the signature is not one of the commit by {(_keys is [var only] ? Describe(only.Key) : $"any of the {_keys.Count} keys")} of {_source}");
    }

    internal static string Describe(PublicKey key) => $"the {key.Kind} key {(key.Parameters is Ed25519PublicKeyParameters ed25519 ? Convert.ToBase64String(ed25519.GetEncoded()) : key.Fingerprint[..16])}";

    private static string PlacesOf(CommitSignatureKind kind) => string.Join(" and ", Directories.Select(directory => $"/{directory}/trusted.{CommitSignatures.NameOf(kind)}"));

    private static IEnumerable<string> Find(string root, string name)
    {
        foreach (string directory in Directories)
        {
            string path = Path.Combine(root, directory, name);
            if (File.Exists(path))
            {
                yield return path;
            }

            foreach (string inner in GpgCommitKeys.FilesOf(path + ".d", "*"))
            {
                yield return inner;
            }
        }
    }

    private static IReadOnlyList<PublicKey> Read(CommitSignatureKind kind, string path)
    {
        byte[] content = KeySource.OfFiles(path).Load()[0].Content;
        PublicKey[] keys = kind == CommitSignatureKind.Ed25519
            ? [.. Encoding.Latin1.GetString(content).Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(line => FromBase64(kind, line, path))]
            : ReadPem(content, path);
        return keys.Length > 0 ? keys : throw new TrustRootException($"{path} has no public key");
    }

    private static PublicKey[] ReadPem(byte[] content, string path)
    {
        try
        {
            return [.. Pem.ReadAll(content).Select(block => block.Label == "PUBLIC KEY" ? PublicKey.FromDer(block.Content) : throw new FormatException($"it holds a '{block.Label}', no public key"))];
        }
        catch (FormatException e)
        {
            throw new TrustRootException($"{path} is no file of public keys: {e.Message}", e);
        }
    }

    private static PublicKey FromBase64(CommitSignatureKind kind, string text, string source)
    {
        try
        {
            byte[] key = Convert.FromBase64String(text);
            return kind == CommitSignatureKind.Spki ? PublicKey.FromDer(key)
                : key.Length == Ed25519PublicKeyParameters.KeySize ? PublicKey.Of(new Ed25519PublicKeyParameters(key))
                : throw new FormatException($"it has {key.Length} bytes, and an Ed25519 key has {Ed25519PublicKeyParameters.KeySize}");
        }
        catch (FormatException e)
        {
            throw new TrustRootException($"{source}: '{text}' is no {CommitSignatures.NameOf(kind)} public key in base64: {e.Message}", e);
        }
    }
}
