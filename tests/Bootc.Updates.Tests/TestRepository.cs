// A Git repository for one test, made by git itself, with keys that sign its commits.
using Bootc.Testing;
using Bootc.Updates.Git;

namespace Bootc.Updates.Tests;

/// <summary>A work tree, and the keys of two people: the owner, whom hosts trust, and a stranger.</summary>
internal sealed class TestRepository : IDisposable
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

    private readonly TestDirectory _directory = new("git");

    public TestRepository()
    {
        Peer.Require("git", "ssh-keygen");
        Owner = MakeKey("owner");
        Stranger = MakeKey("stranger");
        AllowedSigners = _directory.Write("allowed", $"owner@example.com namespaces=\"git\" {File.ReadAllText(Owner + ".pub")}");
        Directory.CreateDirectory(Path);
        Git("init", "-q", "-b", "main");
        Git("config", "uploadpack.allowFilter", "true");
        Git("config", "receive.denyCurrentBranch", "ignore");
    }

    /// <summary>The work tree.</summary>
    public string Path => _directory["work"];

    /// <summary>A place beside the work tree.</summary>
    public string this[string name] => _directory[name];

    /// <summary>Its URL.</summary>
    public string Url => $"file://{Path}";

    /// <summary>The private key that hosts trust.</summary>
    public string Owner { get; }

    /// <summary>Another one.</summary>
    public string Stranger { get; }

    /// <summary>The file of keys that hosts trust.</summary>
    public string AllowedSigners { get; }

    /// <summary>The settings of a host that follows it.</summary>
    public GitSettings Settings => new() { Url = Url, AllowedSigners = AllowedSigners, Timeout = TimeSpan.FromSeconds(60) };

    /// <summary>The root of a host.</summary>
    public string Root
    {
        get
        {
            Directory.CreateDirectory(_directory["root"]);
            return _directory["root"];
        }
    }

    /// <summary>What follows it, on a host named web1.</summary>
    public GitSource Source(GitSettings? settings = null, TimeProvider? clock = null) =>
        new(settings ?? Settings, new HostIdentity("web1", null, new Dictionary<string, string> { ["role"] = "web" }), Root, clock);

    public string Git(params string[] arguments) => Peer.Run("git", ["-C", Path, .. arguments], null, Environment).Succeeded().Trim();

    /// <summary>Writes a file and commits all there is.</summary>
    /// <param name="file">The file.</param>
    /// <param name="content">Its content.</param>
    /// <param name="key">The SSH key that signs; none when it is empty.</param>
    /// <returns>The commit.</returns>
    public string Commit(string file, string content, string? key = null)
    {
        string path = System.IO.Path.Combine(Path, file);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        return CommitAll(key);
    }

    /// <summary>Commits all there is.</summary>
    public string CommitAll(string? key = null)
    {
        Git("add", "-A");
        key ??= Owner;
        Git([.. key.Length == 0 ? Array.Empty<string>() : ["-c", "gpg.format=ssh", "-c", $"user.signingkey={key}"], "commit", "-q", "--allow-empty", "-m", "change", key.Length == 0 ? "--no-gpg-sign" : "-S"]);
        return Git("rev-parse", "HEAD");
    }

    /// <summary>The document of the host web1.</summary>
    public static string Host(string spec, string name = "web1") => $"apiVersion: org.containers.bootc/v1\nkind: BootcHost\nmetadata: {{name: {name}}}\nspec: {spec}\n";

    /// <summary>A document of a group.</summary>
    public static string Group(string name, string rest) => $"apiVersion: org.containers.bootc/v1\nkind: BootcHostGroup\nmetadata: {{name: {name}}}\nspec:\n  {rest.Replace("\n", "\n  ")}\n";

    public void Dispose() => _directory.Dispose();

    private string MakeKey(string name)
    {
        string path = _directory[name];
        Peer.Run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path).Succeeded();
        return path;
    }
}
