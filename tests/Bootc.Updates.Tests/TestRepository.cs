// A Git repository that hosts follow, with keys that sign its commits.
using Bootc.Testing;
using Bootc.Updates.Git;

namespace Bootc.Updates.Tests;

/// <summary>A work tree, and the keys of two people: the owner, whom hosts trust, and a stranger.</summary>
internal sealed class TestRepository : IDisposable
{
    private readonly TestDirectory _directory = new("git");
    private readonly GitWorkTree _tree;

    public TestRepository()
    {
        _tree = new GitWorkTree(_directory);
        Stranger = _tree.MakeKey("stranger");
        AllowedSigners = _directory.Write("allowed", _tree.AllowedSigners);
    }

    /// <summary>The work tree.</summary>
    public string Path => _tree.Path;

    /// <summary>A place beside the work tree.</summary>
    public string this[string name] => _directory[name];

    /// <summary>Its URL.</summary>
    public string Url => _tree.Url;

    /// <summary>The private key that hosts trust.</summary>
    public string Owner => _tree.Owner;

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

    /// <inheritdoc cref="GitWorkTree.Git"/>
    public string Git(params string[] arguments) => _tree.Git(arguments);

    /// <inheritdoc cref="GitWorkTree.Commit"/>
    public string Commit(string file, string content, string? key = null) => _tree.Commit(file, content, key);

    /// <inheritdoc cref="GitWorkTree.CommitAll"/>
    public string CommitAll(string? key = null) => _tree.CommitAll(key);

    /// <summary>The document of the host web1.</summary>
    public static string Host(string spec, string name = "web1") => $"apiVersion: org.containers.bootc/v1\nkind: BootcHost\nmetadata: {{name: {name}}}\nspec: {spec}\n";

    /// <summary>A document of a group.</summary>
    public static string Group(string name, string rest) => $"apiVersion: org.containers.bootc/v1\nkind: BootcHostGroup\nmetadata: {{name: {name}}}\nspec:\n  {rest.Replace("\n", "\n  ")}\n";

    public void Dispose() => _directory.Dispose();
}
