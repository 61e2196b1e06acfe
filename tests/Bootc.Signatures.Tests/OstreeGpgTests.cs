// libostree verifies what we sign with OpenPGP, we verify what it signs, by the keyring that it keeps, and both refuse the same.
using Bootc.Signatures.Commits;
using Bootc.Signatures.Policy;
using Bootc.Testing;

namespace Bootc.Signatures.Tests;

public sealed class OstreeGpgTests : IDisposable
{
    private readonly TestDirectory _directory = new("gpg");
    private readonly TestCommit _commit;

    public OstreeGpgTests() => _commit = new TestCommit(_directory);

    public void Dispose()
    {
        _commit.Dispose();
        _directory.Dispose();
    }

    [Theory]
    [InlineData("rsa2048", false)]
    [InlineData("ed25519", false)]
    [InlineData("nistp256", false)]
    [InlineData("rsa2048", true)]
    [InlineData("ed25519", true)]
    public void What_libostree_signs_is_good(string algorithm, bool subkey)
    {
        MakeKey("own", algorithm, subkey);
        MakeKey("other", algorithm, subkey);
        AddRemote(_commit.Path, "own", "origin");
        AddRemote(_commit.Path, "other", "stranger");
        Assert.Contains("the commit has no signature in ostree.gpgsigs", Refuse("origin"));
        Gpg("own", $"ostree gpg-sign --repo={_commit.Path} --gpg-homedir=$GNUPGHOME {_commit.Checksum} $KEY");

        RequirementResult result = Assert.Single(RemoteTrust.Load(_commit.Repository, "origin", _directory["root"]).Verify(_commit.Repository, _commit.Checksum));

        Assert.Equal($"the OpenPGP key {Fingerprint("own")}", result.Evidence!.Signer);
        Assert.Contains("which is not in the keyring", Refuse("stranger"));
    }

    [Theory]
    [InlineData("rsa2048", false, "")]
    [InlineData("ed25519", false, "")]
    [InlineData("nistp256", false, "")]
    [InlineData("rsa2048", true, "")]
    [InlineData("ed25519", true, "")]
    [InlineData("rsa2048", false, "secret")]
    public void What_we_sign_libostree_pulls(string algorithm, bool subkey, string password)
    {
        MakeKey("own", algorithm, subkey, password);
        MakeKey("other", algorithm, subkey);
        CommitSigner signer = CommitSigner.Load(CommitSignatureKind.Gpg, File.ReadAllBytes(_directory["own.secret"]), () => password);
        Assert.NotEqual(0, Pull("before", "own").ExitCode);

        signer.Sign(_commit.Repository, _commit.Checksum);

        Assert.Equal($"the OpenPGP key {Fingerprint("own")}", signer.Name);
        Pull("good", "own").Succeeded();
        CommandResult refused = Pull("stranger", "other");
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Matches("public key not found|trusted keyring", refused.Error);
    }

    [Fact]
    public void Key_that_has_expired_is_refused_by_both()
    {
        MakeKey("own", "rsa2048", subkey: false, made: "20240101T000000", expires: "1d");
        AddRemote(_commit.Path, "own", "origin");
        CommitSigner.Load(CommitSignatureKind.Gpg, File.ReadAllBytes(_directory["own.secret"]), () => "").Sign(_commit.Repository, _commit.Checksum);

        Assert.Contains("has expired at 2024-01-02", Refuse("origin"));
        Assert.NotEqual(0, Pull("late", "own").ExitCode);
    }

    [Fact]
    public void Keyrings_of_the_host_count_where_the_remote_has_none()
    {
        MakeKey("own", "ed25519", subkey: false);
        CommitSigner.Load(CommitSignatureKind.Gpg, File.ReadAllBytes(_directory["own.secret"]), () => "").Sign(_commit.Repository, _commit.Checksum);
        _commit.Configure("origin");
        Assert.Contains("has no keyring", Assert.Throws<TrustRootException>(() => RemoteTrust.Load(_commit.Repository, "origin", _directory["root"])).Message);
        Directory.CreateDirectory(_directory["root/usr/share/ostree/trusted.gpg.d"]);
        File.Copy(_directory["own.gpg"], _directory["root/usr/share/ostree/trusted.gpg.d/own.gpg"]);

        Assert.Single(RemoteTrust.Load(_commit.Repository, "origin", _directory["root"]).Verify(_commit.Repository, _commit.Checksum));
        Assert.Contains("the OpenPGP key", CommitKeys.OfHost(CommitSignatureKind.Gpg, _directory["root"]).Verify(_commit.Repository, _commit.Checksum).Signer);
    }

    private string Refuse(string remote) => Assert.Throws<InvalidSignatureException>(() => RemoteTrust.Load(_commit.Repository, remote, _directory["root"]).Verify(_commit.Repository, _commit.Checksum)).Message;

    private void AddRemote(string repository, string key, string name)
    {
        Oracle.Run("ostree", "remote", "add", $"--repo={repository}", $"--gpg-import={_directory[key + ".gpg"]}", name, "https://example.com/repo").Succeeded();
        if (repository == _commit.Path)
        {
            _commit.Reopen();
        }
    }

    // A repository that has the key for a remote, and takes the commit as if it came from there.
    private CommandResult Pull(string name, string key)
    {
        string repository = _directory[name];
        Oracle.Run("ostree", "init", $"--repo={repository}", "--mode=bare").Succeeded();
        AddRemote(repository, key, "origin");
        return Oracle.Run("ostree", "pull-local", $"--repo={repository}", "--remote=origin", "--gpg-verify", _commit.Path, "main");
    }

    private void MakeKey(string name, string algorithm, bool subkey, string password = "", string made = "", string expires = "never")
    {
        Oracle.Require();
        string time = made.Length > 0 ? $"--faked-system-time {made}" : "";
        string use = subkey ? "cert" : "sign";
        Directory.CreateDirectory(_directory[name]);
        _directory.Handle.SetMode(name, 0x1C0);
        Gpg(name, $"""
            gpg2() {"{"} gpg --batch --quiet {time} --pinentry-mode loopback --passphrase '{password}' "$@"; {"}"}
            gpg2 --quick-gen-key '{name} <{name}@example.com>' {algorithm} {use} {expires}
            key=$(gpg --batch --list-keys --with-colons | sed -n 's/^fpr:*\([0-9A-F]*\):/\1/p' | head -n 1)
            echo $key > {_directory[name + ".id"]}
            {(subkey ? $"gpg2 --quick-add-key $key {algorithm} sign {expires}" : "")}
            gpg --batch --export > {_directory[name + ".gpg"]}
            gpg2 --export-secret-keys > {_directory[name + ".secret"]}
            """);
    }

    private string Fingerprint(string key) => File.ReadAllText(_directory[key + ".id"]).Trim();

    // The agent that comes with it must not stay.
    private void Gpg(string key, string script) => Oracle.Run("sh", _directory.Write("script.sh", $"""
        set -e
        export GNUPGHOME={_directory[key]}
        trap 'gpgconf --kill all' EXIT
        KEY=$(cat {_directory[key + ".id"]} 2> /dev/null || :)
        {script}
        """)).Succeeded();
}
