// Graphs that name indices of images for several architectures: skopeo puts them into a real registry, and hosts find which of them is theirs.
using System.Security.Cryptography;
using Bootc.Deployments;
using Bootc.Oci;
using Bootc.Oci.Model;
using Bootc.Testing;
using Bootc.Updates.Agent;
using Bootc.Updates.Graph;
using Bootc.Updates.Http;

namespace Bootc.Updates.Tests;

public sealed class IndexGraphTests : IDisposable
{
    private const string Other = "s390x";
    private static readonly string Own = Platform.Current.Architecture;
    private readonly TestDirectory _directory = new("index");
    private readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;
    private readonly List<(string Version, string Digest, string More)> _nodes = [];
    private readonly RealRegistry _registry;

    public IndexGraphTests()
    {
        Peer.Require("skopeo");
        _registry = new RealRegistry(_directory);
    }

    private string Image => $"{_registry.Address}/os/image";

    private string Graph => _directory["graph.yaml"];

    public void Dispose()
    {
        _registry.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void A_host_goes_through_a_barrier_to_the_newest_release()
    {
        WrittenIndex one = Publish("1"), two = Publish("2", "barrier: all go through it"), three = Publish("3");
        Install(one);
        Tag(three);

        Assert.Contains($"Digest:  {two.Images[Own]}\n", Upgrade("--check"));
        Upgrade("--quiet");
        Assert.Equal(SkopeoChooses(two), RunningDigest());
        Upgrade("--quiet");
        Assert.Equal(SkopeoChooses(three), RunningDigest());
        Assert.Equal("No update: there is no newer release\n", Upgrade());
    }

    [Fact]
    public void What_is_known_is_not_asked_for_again()
    {
        WrittenIndex one = Publish("1");
        Publish("2");
        Install(one);
        _nodes.RemoveAt(1);
        WriteGraph();
        Assert.Equal("No update: there is no newer release\n", Upgrade());

        _registry.Dispose();

        Assert.Equal("No update: there is no newer release\n", Upgrade());
        File.WriteAllText(_directory["sysroot/ostree/bootc/manifests"], "garbage\nsha256:1 sha256:2\n");
        Assert.Contains("Connection refused", Bootc("upgrade", "--graph", Graph).Error);
    }

    [Fact]
    public async Task A_host_that_is_ahead_of_the_graph_waits_and_one_in_a_dead_end_is_told()
    {
        WrittenIndex one = Publish("1", "deadEnd: install anew"), two = Publish("2"), three = Publish("3");
        _nodes[^1] = ("renamed", three.Digest, ""); // whatever versions are called
        Install(one);
        Assert.Equal("No update: 1 is a dead end: install anew\n", Upgrade());

        _nodes.RemoveAt(2);
        WriteGraph();
        var ahead = new HostRelease(Oci.Model.Digest.Parse(three.Images[Own]), "3", "") { Repository = Image };
        Assert.Equal(UpdateDecisionKind.NotInGraph, (await DecideAsync(ahead)).Kind);
        Assert.Equal((UpdateDecisionKind.UpToDate, "2"), await DecideAsync(ahead with { Digest = Oci.Model.Digest.Parse(two.Images[Own]), Version = "unknown" }) is var found ? (found.Kind, found.Current!.Version) : default);
    }

    [Fact]
    public async Task Where_only_another_architecture_was_built_anew_a_host_has_the_newer_release_already()
    {
        WrittenIndex one = Publish("1"), respun = OsImage.WriteIndexTo(_directory["images"], "1.1", OsImage.Create("1").WithVersion("1"), Alien("1.1"));
        Push(respun);
        Add("1.1", respun, "");
        Install(one);

        Assert.Equal(one.Images[Own], respun.Images[Own]);
        Assert.Equal("No update: there is no newer release\n", Upgrade());
        var alien = new HostRelease(Oci.Model.Digest.Parse(one.Images[Other]), "1", "") { Repository = Image };
        UpdateGraph graph = await new OwnManifests(Platform.Linux(Other), new OciOptions()).LocateAsync(GraphDocument.Load(Graph).Resolve(Other, GraphNode.OciScheme), alien, _cancellation);
        Assert.Equal(0, graph.Find(alien.Digest.ToString()));
    }

    [Fact]
    public async Task What_a_host_left_is_passed_over_though_the_graph_names_it_by_its_index()
    {
        WrittenIndex one = Publish("1"), two = Publish("2", "rollout: {}"), three = Publish("3", "rollout: {startValue: 1}");
        Install(one);
        var host = new HostRelease(Oci.Model.Digest.Parse(one.Images[Own]), "1", "") { Repository = Image };

        Assert.Equal("3", (await DecideAsync(host)).Target!.Version);
        Assert.Equal("2", (await DecideAsync(host with { Excluded = new HashSet<string> { three.Images[Own] } }, wariness: 0)).Target!.Version);
        Assert.Equal(UpdateDecisionKind.UpToDate, (await DecideAsync(host with { Excluded = new HashSet<string> { two.Images[Own], three.Images[Own] } }, wariness: 0)).Kind);
    }

    [Fact]
    public async Task A_host_that_was_put_on_an_index_by_its_digest_goes_on_from_there()
    {
        WrittenIndex one = Publish("1"), two = Publish("2"), three = Publish("3");
        Install(one, $"{Image}@{one.Digest}");
        _nodes.RemoveAt(2);
        WriteGraph();
        Upgrade("--quiet");
        Assert.Equal(two.Images[Own], RunningDigest()); // and it still says that it follows the first one
        Add("3", three, "");
        Upgrade("--quiet");
        Assert.Equal(three.Images[Own], RunningDigest());

        // What is in no registry any more is known by what the host says.
        var host = new HostRelease(Oci.Model.Digest.Parse("sha256:" + new string('0', 64)), "1", "") { Repository = Image, FollowedDigest = Oci.Model.Digest.Parse("sha256:" + new string('1', 64)) };
        _nodes.Insert(0, ("0", host.FollowedDigest.ToString()!, ""));
        WriteGraph();
        Assert.Equal(("0", "3"), await DecideAsync(host) is var decision ? (decision.Current!.Version, decision.Target!.Version) : default);
    }

    [Fact]
    public async Task By_way_of_a_graph_server_it_is_the_same()
    {
        WrittenIndex one = Publish("1"), two = Publish("2");
        Install(one);
        GraphDocument document = GraphDocument.Load(Graph);
        await using HttpServer server = await HttpServer.StartAsync(ListenAddress.Parse("127.0.0.1:0"), null, new GraphService(() => [document]), static _ => { });
        var config = new AgentConfig { CincinnatiBaseUrl = server.Url };
        using Sysroot sysroot = Sysroot.Open(_directory["sysroot"]);
        HostRelease host = HostInspector.Read(sysroot);
        using var follower = new GraphFollower(GraphSource.Create(config, "node", new Dictionary<string, string> { ["stream"] = "stable", ["basearch"] = BaseArchitecture.FromContainer(Own), ["platform"] = "qemu" })!, config, 1, new OciOptions());

        UpdateDecision decision = await follower.DecideAsync(sysroot, host, _cancellation);

        Assert.Equal((UpdateDecisionKind.Update, "2", two.Digest), (decision.Kind, decision.Target!.Version, ReleaseImage.Choose(decision.Target, host).ToString()));
    }

    [Fact]
    public void An_index_without_an_image_for_the_host_is_not_gone_to()
    {
        WrittenIndex one = Publish("1"), foreign = OsImage.WriteIndexTo(_directory["images"], "2", Alien("2"));
        Push(foreign);
        Add("2", foreign, "");
        Install(one);

        CommandResult upgrade = Bootc("upgrade", "--graph", Graph);

        Assert.Equal((1, $"error: {Image}@{foreign.Digest} has no image for linux/{Own}, only for linux/{Other}\n"), (upgrade.ExitCode, upgrade.Error));
    }

    [Fact]
    public void A_drawing_shows_where_a_host_of_either_architecture_is()
    {
        WrittenIndex one = Publish("1");
        Publish("2");
        WriteGraph();

        string byIndex = BootcProgram.Run("graph", "show", "--host", one.Digest, Graph).Succeeded();

        Assert.Equal(byIndex, BootcProgram.Run("graph", "show", "--host", one.Images[Own], Graph).Succeeded());
        Assert.Equal(
            BootcProgram.Run("graph", "show", "--architecture", Other, "--host", "1", Graph).Succeeded(),
            BootcProgram.Run("graph", "show", "--architecture", Other, "--host", one.Images[Other], Graph).Succeeded());
        Assert.Equal($"error: the graph has no release '{one.Images[Other]}'\n", BootcProgram.Run("graph", "show", "--host", one.Images[Other], Graph).Error);
    }

    private static OsImage Alien(string version) => new OsImage { Architecture = Other }.WithVersion(version);

    private WrittenIndex Publish(string version, string more = "")
    {
        WrittenIndex index = OsImage.WriteIndexTo(_directory["images"], version, OsImage.Create("1").WithVersion(version), Alien(version));
        Push(index);
        Add(version, index, more);
        return index;
    }

    private void Push(WrittenIndex index) => Peer.Run("skopeo", "--insecure-policy", "copy", "-q", "--all", "--dest-tls-verify=false", index.Reference, $"docker://{Image}:{index.Tag}").Succeeded();

    private void Tag(WrittenIndex index) => Peer.Run("skopeo", "--insecure-policy", "copy", "-q", "--all", "--src-tls-verify=false", "--dest-tls-verify=false", $"docker://{Image}@{index.Digest}", $"docker://{Image}:latest").Succeeded();

    private void Add(string version, WrittenIndex index, string more)
    {
        _nodes.Add((version, index.Digest, more));
        WriteGraph();
    }

    private void WriteGraph() => _directory.Write(
        "graph.yaml",
        $"schema: bootc.update-graph/v1\nstream: stable\nrepository: {Image}\nnodes:\n" + string.Concat(_nodes.Select(node => $"  - {{version: '{node.Version}', image: '{node.Digest}'{(node.More.Length > 0 ? $", {node.More}" : "")}}}\n")));

    // Which of an index's images skopeo takes on this machine.
    private string SkopeoChooses(WrittenIndex index)
    {
        string folder = _directory[$"chosen-{index.Tag}"];
        Peer.Run("skopeo", "--insecure-policy", "copy", "-q", "--src-tls-verify=false", $"docker://{Image}@{index.Digest}", $"dir:{folder}").Succeeded();
        return "sha256:" + Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(folder, "manifest.json"))));
    }

    private async Task<UpdateDecision> DecideAsync(HostRelease host, double wariness = 0)
    {
        using Sysroot sysroot = Sysroot.Open(_directory["sysroot"]);
        var config = new AgentConfig { GraphDocument = Graph };
        using var follower = new GraphFollower(GraphSource.Create(config, "node", new Dictionary<string, string>())!, config, wariness, new OciOptions());
        return await follower.DecideAsync(sysroot, host, _cancellation);
    }

    private void Install(WrittenIndex index, string? followed = null)
    {
        Peer.RequireRoot("deployments are owned by root and made immutable");
        Tag(index);
        Sysroot.Initialize(_directory["sysroot"], "default");
        BootcProgram.Run("switch", "--quiet", followed ?? $"{Image}:latest", "--sysroot", _directory["sysroot"]).Succeeded();
        Assert.Equal(index.Images[Own], RunningDigest());
    }

    private string Upgrade(params string[] arguments) => Bootc(["upgrade", "--graph", Graph, .. arguments]).Succeeded();

    private CommandResult Bootc(params string[] arguments) => BootcProgram.Run([.. arguments, "--sysroot", _directory["sysroot"]]);

    private string RunningDigest()
    {
        using Sysroot sysroot = Sysroot.Open(_directory["sysroot"]);
        return HostInspector.Read(sysroot).Digest.ToString();
    }
}
