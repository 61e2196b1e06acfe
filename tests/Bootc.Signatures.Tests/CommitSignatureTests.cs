// Signatures on ostree commits: those that OpenSSL makes are good, and it finds ours good; what is not asked for, or revoked, is not.
using System.Text;
using Bootc.Ostree;
using Bootc.Ostree.GVariant;
using Bootc.Ostree.Objects;
using Bootc.Signatures.Commits;
using Bootc.Signatures.Policy;
using Bootc.Signatures.Signing;
using Bootc.Testing;

namespace Bootc.Signatures.Tests;

public sealed class CommitSignatureTests : IDisposable
{
    private readonly TestDirectory _directory = new("commit");
    private readonly TestCommit _commit;

    public CommitSignatureTests() => _commit = new TestCommit(_directory);

    public void Dispose()
    {
        _commit.Dispose();
        _directory.Dispose();
    }

    public static TheoryData<string, CommitSignatureKind> Keys => new()
    {
        { "Ed25519", CommitSignatureKind.Ed25519 },
        { "Ed25519", CommitSignatureKind.Spki },
        { "P-256", CommitSignatureKind.Spki },
        { "P-384", CommitSignatureKind.Spki },
        { "P-521", CommitSignatureKind.Spki },
        { "RSA 2048", CommitSignatureKind.Spki },
    };

    [Theory]
    [MemberData(nameof(Keys))]
    public void What_OpenSSL_signs_is_good(string algorithm, CommitSignatureKind kind)
    {
        Peer.Require("openssl");
        var key = new TestKey(algorithm);
        Write(key, algorithm);
        Assert.Contains("the commit has no signature in ostree.sign.", Refuse(() => KeysOf(kind, key).Verify(_commit.Repository, _commit.Checksum)));
        Peer.Run("openssl", OpenSsl(algorithm, "-sign", "key.pem")).Succeeded();
        _commit.Add(kind, new TestKey(algorithm).Sign([1])); // one that is none does no harm
        _commit.Add(kind, File.ReadAllBytes(_directory["signature"]));

        SignatureEvidence evidence = KeysOf(kind, key).Verify(_commit.Repository, _commit.Checksum);

        Assert.Equal($"ostree.sign.{(kind == CommitSignatureKind.Ed25519 ? "ed25519" : "spki")}", evidence.Origin);
        Assert.StartsWith($"the {(algorithm.StartsWith('P') ? "ECDSA " : "")}{algorithm} key ", evidence.Signer);
        Assert.Contains("the signature is not one of the commit by the ", Refuse(() => KeysOf(kind, new TestKey(algorithm)).Verify(_commit.Repository, _commit.Checksum)));
    }

    [Theory]
    [MemberData(nameof(Keys))]
    public void What_we_sign_OpenSSL_finds_good(string algorithm, CommitSignatureKind kind)
    {
        Peer.Require("openssl");
        var key = new TestKey(algorithm);
        Write(key, algorithm);
        CommitSigner signer = CommitSigner.Load(kind, Encoding.ASCII.GetBytes(kind == CommitSignatureKind.Ed25519 ? Secret(key) : key.PrivatePem), () => throw new InvalidOperationException("no password is needed"));

        signer.Sign(_commit.Repository, _commit.Checksum);
        signer.Sign(_commit.Repository, _commit.Checksum);

        ReadOnlyMemory<byte> signature = Assert.Single(_commit.Signatures(kind)); // the same key signs in the same way, and is not there twice
        File.WriteAllBytes(_directory["signature"], signature.ToArray());
        Peer.Run("openssl", OpenSsl(algorithm, "-verify", "key.pub")).Succeeded();
        _ = KeysOf(kind, key).Verify(_commit.Repository, _commit.Checksum);
    }

    // What this machine's libostree can do depends on how it was built.
    [Theory]
    [InlineData(CommitSignatureKind.Ed25519)]
    [InlineData(CommitSignatureKind.Spki)]
    public void Libostree_decides_the_same(CommitSignatureKind kind)
    {
        Oracle.Require();
        string name = CommitSignatures.NameOf(kind);
        Assert.SkipUnless(Oracle.Run("ostree", "--version").Succeeded().Contains($"sign-{name}", StringComparison.Ordinal), $"the reference ostree is built without signatures of the kind {name}");
        var key = new TestKey("Ed25519");
        _directory.Write("secret", kind == CommitSignatureKind.Ed25519 ? Secret(key) : key.PrivatePem);
        string publicKeys = _directory.Write("public", kind == CommitSignatureKind.Ed25519 ? Public(key) + "\n" : key.Pem);
        string others = _directory.Write("others", kind == CommitSignatureKind.Ed25519 ? Public(new TestKey("Ed25519")) + "\n" : new TestKey("Ed25519").Pem);

        Oracle.Run("ostree", "sign", $"--repo={_commit.Path}", $"--sign-type={name}", $"--keys-file={_directory["secret"]}", "main").Succeeded();
        _ = CommitKeys.FromFile(kind, publicKeys).Verify(_commit.Repository, _commit.Checksum);
        _commit.Repository.WriteDetachedMetadata(_commit.Checksum, null);
        CommitSigner.Load(kind, File.ReadAllBytes(_directory["secret"]), () => "").Sign(_commit.Repository, _commit.Checksum);

        Oracle.Run("ostree", "sign", "--verify", $"--repo={_commit.Path}", $"--sign-type={name}", $"--keys-file={publicKeys}", "main").Succeeded();
        Assert.NotEqual(0, Oracle.Run("ostree", "sign", "--verify", $"--repo={_commit.Path}", $"--sign-type={name}", $"--keys-file={others}", "main").ExitCode);
    }

    [Theory]
    [InlineData("etc/ostree/trusted.ed25519", "", null)]
    [InlineData("etc/ostree/trusted.ed25519.d/own", "", null)]
    [InlineData("usr/share/ostree/trusted.ed25519.d/own", "", null)]
    [InlineData("usr/share/ostree/trusted.ed25519.d/own", "etc/ostree/revoked.ed25519", "is revoked")]
    [InlineData("etc/ostree/trusted.ed25519", "usr/share/ostree/revoked.ed25519.d/old", "is revoked")]
    [InlineData("etc/ostree/trusted.spki", "", "there is no ed25519 key in /etc/ostree/trusted.ed25519 and /usr/share/ostree/trusted.ed25519")]
    public void Keys_of_the_host_count_unless_they_are_revoked(string trusted, string revoked, string? reason)
    {
        var key = new TestKey("Ed25519");
        _commit.Add(CommitSignatureKind.Ed25519, key.Sign(_commit.Bytes));
        _directory.Write($"root/{trusted}", $"{Public(new TestKey("Ed25519"))}\n{Public(key)}\n");
        if (revoked.Length > 0)
        {
            _directory.Write($"root/{revoked}", Public(key));
        }

        Exception? refusal = Record.Exception(() => CommitKeys.OfHost(CommitSignatureKind.Ed25519, _directory["root"]).Verify(_commit.Repository, _commit.Checksum));

        Assert.Equal(reason is null, refusal is null);
        Assert.Contains(reason ?? "", refusal?.Message ?? "");
    }

    [Fact]
    public void Signature_of_another_commit_is_none()
    {
        var key = new TestKey("Ed25519");
        using var other = new TestCommit(_directory, "other");
        using RepositoryTransaction transaction = other.Repository.BeginTransaction();
        Commit first = other.Repository.LoadCommit(other.Checksum);
        Checksum second = transaction.WriteCommit(new Commit([], null, "another", "", 2, first.RootTree, first.RootMeta));
        transaction.Commit();
        _commit.Add(CommitSignatureKind.Ed25519, key.Sign(other.Repository.LoadMetadata(new ObjectName(second, ObjectType.Commit))));

        Assert.Contains("the signature is not one of the commit by the Ed25519 key", Refuse(() => KeysOf(CommitSignatureKind.Ed25519, key).Verify(_commit.Repository, _commit.Checksum)));
    }

    [Fact]
    public void Commit_that_is_not_the_one_of_its_name_is_not_looked_at()
    {
        var key = new TestKey("Ed25519");
        string path = Path.Combine(_commit.Path, "objects", new ObjectName(_commit.Checksum, ObjectType.Commit).PathIn(RepositoryMode.Bare));
        byte[] bytes = _commit.Bytes;
        bytes[^1] ^= 1;
        File.Delete(path);
        File.WriteAllBytes(path, bytes);
        _commit.Add(CommitSignatureKind.Ed25519, key.Sign(bytes));

        var refusal = Assert.Throws<CorruptObjectException>(() => KeysOf(CommitSignatureKind.Ed25519, key).Verify(_commit.Repository, _commit.Checksum));

        Assert.Contains("it has another checksum", refusal.Message);
    }

    [Fact]
    public void Signatures_of_another_type_than_a_list_are_none_and_too_many_are_refused()
    {
        var key = new TestKey("Ed25519");
        var metadata = new VariantDictionary { { "ostree.sign.ed25519", GVariantValue.FromBytes(key.Sign(_commit.Bytes)) } };
        Assert.Contains("no signature", Refuse(() => KeysOf(CommitSignatureKind.Ed25519, key).Verify(_commit.Bytes, metadata)));
        metadata.Set("ostree.sign.ed25519", GVariantValue.Array("ay", [.. Enumerable.Range(0, 1000).Select(i => GVariantValue.FromBytes(new[] { (byte)i }))]));
        Assert.Contains("the commit has 1000 signatures", Refuse(() => KeysOf(CommitSignatureKind.Ed25519, key).Verify(_commit.Bytes, metadata)));
    }

    // An ECDSA signature does not become one of Ed25519 by standing there, nor does a key of one kind by its length.
    [Theory]
    [InlineData("P-256", CommitSignatureKind.Ed25519, "the signature is not one of the commit")]
    [InlineData("RSA 2048", CommitSignatureKind.Ed25519, "the signature is not one of the commit")]
    [InlineData("P-256", CommitSignatureKind.Gpg, "it is no")]
    public void Signature_of_another_kind_is_none(string algorithm, CommitSignatureKind kind, string reason)
    {
        _commit.Add(kind, new TestKey(algorithm).Sign(_commit.Bytes));
        _directory.Write("keys", Public(new TestKey("Ed25519")));
        File.WriteAllBytes(_directory["ring.gpg"], new TestKeyRing().Export());

        Assert.Contains(reason, Refuse(() => CommitKeys.FromFile(kind, _directory[kind == CommitSignatureKind.Gpg ? "ring.gpg" : "keys"]).Verify(_commit.Repository, _commit.Checksum)));
    }

    [Theory]
    [InlineData(CommitSignatureKind.Ed25519, "", "has no public key")]
    [InlineData(CommitSignatureKind.Ed25519, "????\n", "'????' is no ed25519 public key in base64")]
    [InlineData(CommitSignatureKind.Ed25519, "AAAA\n", "it has 3 bytes, and an Ed25519 key has 32")]
    [InlineData(CommitSignatureKind.Spki, "", "is no file of public keys")]
    [InlineData(CommitSignatureKind.Spki, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "it holds a 'PRIVATE KEY', no public key")]
    [InlineData(CommitSignatureKind.Gpg, "nothing", "OpenPGP key")]
    public void Keys_that_are_none_are_named(CommitSignatureKind kind, string content, string reason)
    {
        string path = _directory.Write("keys", content);

        var refusal = Assert.Throws<TrustRootException>(() => CommitKeys.FromFile(kind, path));

        Assert.Contains(path, refusal.Message);
        Assert.Contains(reason, refusal.Message);
    }

    [Theory]
    [InlineData(CommitSignatureKind.Ed25519, "AAAA", "not base64 of the 64 bytes")]
    [InlineData(CommitSignatureKind.Ed25519, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", "not the public key of its first")]
    [InlineData(CommitSignatureKind.Spki, "AAAA", "it is not in PEM format")]
    [InlineData(CommitSignatureKind.Gpg, "AAAA", "the key cannot be used")]
    public void Private_keys_that_are_none_are_refused(CommitSignatureKind kind, string content, string reason) =>
        Assert.Contains(reason, Assert.Throws<SigningKeyException>(() => CommitSigner.Load(kind, Encoding.ASCII.GetBytes(content), () => "")).Message);

    [Theory]
    [InlineData("gpg-verify=false;sign-verify=ed25519;verification-ed25519-key=KEY", null)]
    [InlineData("gpg-verify=false;sign-verify=true;verification-ed25519-key=KEY", null)]
    [InlineData("gpg-verify=false;sign-verify=true;verification-ed25519-file=FILE", null)]
    [InlineData("gpg-verify=false;sign-verify=1", null)] // by the host's keys
    [InlineData("gpg-verify=false;sign-verify=spki,ed25519;verification-ed25519-key=KEY;verification-spki-key=SPKI", null)]
    [InlineData("gpg-verify=false;sign-verify=ed25519;verification-ed25519-key=OTHER", "ostree.sign.ed25519: the signature is not one of the commit")]
    [InlineData("gpg-verify=false;sign-verify=spki;verification-spki-key=SPKI", "the commit has no signature in ostree.sign.spki")]
    [InlineData("gpg-verify=true;sign-verify=ed25519;verification-ed25519-key=KEY;gpgkeypath=RING", "the commit has no signature in ostree.gpgsigs")] // both must be met
    [InlineData("sign-verify=false", "asks for OpenPGP signatures, and has no keyring")]
    [InlineData("gpg-verify=false", "asks for no signatures")]
    [InlineData("gpg-verify=false;sign-verify=dummy", "'dummy', which is not supported")]
    [InlineData("gpg-verify=false;sign-verify=spki", "has no verification-spki-file or -key")]
    [InlineData("gpg-verify=perhaps", "settings of the ostree remote origin are malformed")]
    [InlineData("gpg-verify=false;sign-verify=ed25519;verification-ed25519-key=AAAA", "is no ed25519 public key")]
    [InlineData("gpg-verify=false;sign-verify=ed25519;verification-ed25519-file=/nowhere", "/nowhere cannot be read")]
    public void Remote_says_what_is_asked_for(string settings, string? reason)
    {
        var key = new TestKey("Ed25519");
        _commit.Add(CommitSignatureKind.Ed25519, key.Sign(_commit.Bytes));
        _directory.Write("root/etc/ostree/trusted.ed25519", Public(key));
        File.WriteAllBytes(_directory["ring"], new TestKeyRing().Export(armored: true));
        string filled = settings.Replace("KEY", Public(key)).Replace("OTHER", Public(new TestKey("Ed25519"))).Replace("SPKI", Convert.ToBase64String(new TestKey("P-256").Der))
            .Replace("FILE", _directory.Write("keys", Public(key))).Replace("RING", _directory["ring"]);
        _commit.Configure("origin", [.. filled.Split(';').Select(setting => (setting[..setting.IndexOf('=')], setting[(setting.IndexOf('=') + 1)..].Replace(',', ';')))]);

        Exception? refusal = Record.Exception(() => RemoteTrust.Load(_commit.Repository, "origin", _directory["root"]).Verify(_commit.Repository, _commit.Checksum));

        Assert.Contains(reason ?? "", refusal?.Message ?? "");
        Assert.Equal(reason is null, refusal is null);
        Assert.True(refusal is null or InvalidSignatureException or TrustRootException, $"{refusal}");
    }

    [Fact]
    public void Remote_that_is_not_there_is_named_and_one_of_a_file_is_found()
    {
        var key = new TestKey("Ed25519");
        _commit.Add(CommitSignatureKind.Ed25519, key.Sign(_commit.Bytes));
        Assert.Contains("there is no ostree remote site", Assert.Throws<TrustRootException>(() => RemoteTrust.Load(_commit.Repository, "site", _directory["root"])).Message);
        _directory.Write("root/etc/ostree/remotes.d/site.conf", $"[remote \"site\"]\nurl=https://example.com\ngpg-verify=false\nsign-verify=ed25519\nverification-ed25519-key={Public(key)}\n");

        RequirementResult result = Assert.Single(RemoteTrust.Load(_commit.Repository, "site", _directory["root"]).Verify(_commit.Repository, _commit.Checksum));

        Assert.Equal("the ostree commit signed by ed25519 for the remote site", result.Requirement.Description);
        Assert.Equal($"the Ed25519 key {Public(key)}", result.Evidence!.Signer);
    }

    private static string Refuse(Func<object> verify) => Assert.Throws<InvalidSignatureException>(() => { _ = verify(); }).Message;

    private static string Public(TestKey key) => Convert.ToBase64String(key.Der[^32..]);

    private static byte[] Seed(TestKey key)
    {
        byte[] pkcs8 = Convert.FromBase64String(string.Concat(key.PrivatePem.Split('\n').Where(line => !line.StartsWith('-'))));
        int seed = pkcs8.AsSpan().IndexOf<byte>([0x04, 0x22, 0x04, 0x20]) + 4; // RFC 8410: the seed within an octet string
        return pkcs8[seed..(seed + 32)];
    }

    private static string Secret(TestKey key) => Convert.ToBase64String([.. Seed(key), .. key.Der[^32..]]);

    // OpenSSL 3.0 reads no key in PKCS #8 that has the public key beside it.
    private static string PemOf(TestKey key, string algorithm) => algorithm == "Ed25519"
        ? $"-----BEGIN PRIVATE KEY-----\n{Convert.ToBase64String([0x30, 0x2E, 2, 1, 0, 0x30, 5, 6, 3, 0x2B, 0x65, 0x70, 4, 0x22, 4, 0x20, .. Seed(key)])}\n-----END PRIVATE KEY-----\n"
        : key.PrivatePem;

    private CommitKeys KeysOf(CommitSignatureKind kind, TestKey key) =>
        CommitKeys.FromFile(kind, _directory.Write("keys", kind == CommitSignatureKind.Ed25519 ? Public(key) : key.Pem));

    private void Write(TestKey key, string algorithm)
    {
        _directory.Write("key.pem", PemOf(key, algorithm));
        _directory.Write("key.pub", key.Pem);
        File.WriteAllBytes(_directory["commit"], _commit.Bytes);
    }

    private string[] OpenSsl(string algorithm, string operation, string key) => algorithm == "Ed25519"
        ? ["pkeyutl", operation, "-rawin", .. operation == "-verify" ? (string[])["-pubin", "-sigfile", _directory["signature"]] : ["-out", _directory["signature"]], "-inkey", _directory[key], "-in", _directory["commit"]]
        : ["dgst", "-sha256", operation, _directory[key], .. operation == "-verify" ? (string[])["-signature", _directory["signature"]] : ["-out", _directory["signature"]], _directory["commit"]];
}
