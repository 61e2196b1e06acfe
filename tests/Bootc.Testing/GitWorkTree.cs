// A Git repository for one test, made by git itself, whose commits are signed by keys of the test.
namespace Bootc.Testing;

/// <summary>A work tree in a directory of a test. No settings of the machine's count. Skips the test where there is no git.</summary>
public sealed class GitWorkTree
{
    private static readonly Dictionary<string, string> Environment = new()
    {
        ["GIT_CONFIG_NOSYSTEM"] = "1",
        ["GIT_CONFIG_GLOBAL"] = "/dev/null",
        ["GIT_AUTHOR_NAME"] = "Owner",
        ["GIT_AUTHOR_EMAIL"] = "owner@example.com",
        ["GIT_COMMITTER_NAME"] = "Owner",
        ["GIT_COMMITTER_EMAIL"] = "owner@example.com",
    };

    private readonly TestDirectory _directory;

    /// <param name="directory">The test's directory; the work tree is <c>work</c> in it, the owner's key <c>owner</c>.</param>
    public GitWorkTree(TestDirectory directory)
    {
        Peer.Require("git", "ssh-keygen");
        _directory = directory;
        Owner = MakeKey("owner");
        Directory.CreateDirectory(Path);
        Git("init", "-q", "-b", "main");
        Git("config", "uploadpack.allowFilter", "true");
        Git("config", "receive.denyCurrentBranch", "ignore");
    }

    /// <summary>The work tree.</summary>
    public string Path => _directory["work"];

    /// <summary>Its URL.</summary>
    public string Url => $"file://{Path}";

    /// <summary>The private key of the owner, whom hosts trust.</summary>
    public string Owner { get; }

    /// <summary>What a file of keys says that hosts trust (ssh-keygen(1), ALLOWED SIGNERS).</summary>
    public string AllowedSigners => $"owner@example.com namespaces=\"git\" {File.ReadAllText(Owner + ".pub")}";

    /// <summary>Makes a key.</summary>
    /// <returns>The file of the private key.</returns>
    public string MakeKey(string name)
    {
        string path = _directory[name];
        Peer.Run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path).Succeeded();
        return path;
    }

    /// <summary>Runs git in the work tree.</summary>
    /// <returns>What it printed.</returns>
    public string Git(params string[] arguments) => Run(["-C", Path, .. arguments]).Succeeded().Trim();

    /// <summary>Runs git.</summary>
    public static CommandResult Run(params string[] arguments) => Peer.Run("git", arguments, null, Environment);

    /// <summary>Writes a file and commits all there is.</summary>
    /// <param name="file">The file.</param>
    /// <param name="content">Its content.</param>
    /// <param name="key">The SSH key that signs, the owner's unless given; none when it is empty.</param>
    /// <returns>The commit.</returns>
    public string Commit(string file, string content, string? key = null)
    {
        string path = System.IO.Path.Combine(Path, file);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        return CommitAll(key);
    }

    /// <summary>Commits all there is.</summary>
    /// <inheritdoc cref="Commit" path="/param[@name='key']"/>
    /// <returns>The commit.</returns>
    public string CommitAll(string? key = null)
    {
        Git("add", "-A");
        key ??= Owner;
        Git([.. key.Length == 0 ? Array.Empty<string>() : ["-c", "gpg.format=ssh", "-c", $"user.signingkey={key}"], "commit", "-q", "--allow-empty", "-m", "change", key.Length == 0 ? "--no-gpg-sign" : "-S"]);
        return Git("rev-parse", "HEAD");
    }
}
