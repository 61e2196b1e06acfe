// Graphs beside their images: real registries hold them, skopeo and cosign read and verify them, hosts find and follow them.
using System.Text.Json.Nodes;
using Bootc.Deployments;
using Bootc.Oci;
using Bootc.Oci.Model;
using Bootc.Oci.Registry;
using Bootc.Signatures.Signing;
using Bootc.Testing;
using Bootc.Updates.Agent;
using Bootc.Updates.Graph;

namespace Bootc.Updates.Tests;

public sealed class GraphArtifactTests : IDisposable
{
    private const string Lookaside = "default-docker: {use-sigstore-attachments: true}\n";
    private readonly TestDirectory _directory = new("graph");
    private readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;
    private readonly RealRegistry _registry;

    public GraphArtifactTests()
    {
        Peer.Require("skopeo", "openssl");
        _registry = new RealRegistry(_directory);
    }

    private string Image => $"{_registry.Address}/os/image";

    private OciOptions Options => new() { Root = _directory["host"], Attempts = 1 };

    public void Dispose()
    {
        _registry.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void A_graph_is_pushed_as_an_artifact_that_others_read_and_verify()
    {
        string one = Publish("1"), two = Publish("2"), graph = WriteGraph(one, two);
        MakeKey("key");

        string said = BootcProgram.Run("graph", "push", "--key", _directory["key"], "--to", $"{Image}:latest", "--bundle", graph).Succeeded();
        Assert.Matches($"^Pushed sha256:[0-9a-f]{{64}} to {Image}:latest.graph, signed by the ECDSA P-256 key [0-9a-f]{{16}}\nIt refers to {two}\n$", said);
        string raw = Peer.Run("skopeo", "inspect", "--raw", "--tls-verify=false", $"docker://{Image}:latest.graph").Succeeded();
        JsonNode manifest = JsonNode.Parse(raw)!;
        Assert.Equal((GraphArtifact.Type, GraphArtifact.Type, two), ((string)manifest["artifactType"]!, (string)manifest["layers"]![0]!["mediaType"]!, (string)manifest["subject"]!["digest"]!));

        // skopeo carries it elsewhere, whole, and its blob is the document to the last byte.
        Peer.Run("skopeo", "--insecure-policy", "copy", "-q", "--src-tls-verify=false", $"docker://{Image}:latest.graph", $"dir:{_directory["copy"]}").Succeeded();
        Assert.Equal(File.ReadAllText(graph), File.ReadAllText(Path.Combine(_directory["copy"], ((string)manifest["layers"]![0]!["digest"]!)[7..])));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Cosign_accepts_the_signature_of_a_graph(bool withBundle)
    {
        Oracle.Require("cosign");
        string graph = WriteGraph(Publish("1"));
        MakeKey("key");
        BootcProgram.Run(["graph", "push", "--key", _directory["key"], "--to", $"{Image}:latest", .. withBundle ? ["--bundle"] : Array.Empty<string>(), graph]).Succeeded();
        MakeKey("other");

        Verify("key").Succeeded();
        Assert.NotEqual(0, Verify("other").ExitCode);

        CommandResult Verify(string key) => Oracle.Run(
            "sh", "-c", $"export HOME={_directory.Path}; exec cosign verify --insecure-ignore-tlog --key {_directory[key]}.pub {Image}:latest.graph");
    }

    [Fact]
    public async Task A_host_follows_the_graph_that_its_repository_carries_through_a_barrier()
    {
        string one = Publish("1"), two = Publish("2"), three = Publish("3");
        Tag(one);
        using Sysroot sysroot = await InstallAsync();
        var graph = new RepositoryGraph(new AgentConfig(), 1, Options);
        Assert.Null(await graph.TryDecideAsync(sysroot, HostInspector.Read(sysroot), _cancellation)); // it carries none

        await PushAsync(File.ReadAllText(WriteGraph(barrier: 2, one, two, three)), null);
        UpdateDecision? decision = await graph.TryDecideAsync(sysroot, HostInspector.Read(sysroot), _cancellation);
        Assert.Equal((UpdateDecisionKind.Update, "2"), (decision!.Kind, decision.Target!.Version));

        // By the command, which is told nothing of a graph: first to the barrier, and then on.
        Tag(three);
        Bootc("upgrade", "--quiet").Succeeded();
        Assert.Equal(two, RunningDigest());
        Bootc("upgrade", "--quiet").Succeeded();
        Assert.Equal(three, RunningDigest());
        Assert.Equal("No update: there is no newer release\n", Bootc("upgrade").Succeeded());
    }

    [Fact]
    public async Task A_graph_counts_under_the_policy_for_images()
    {
        string one = Publish("1"), two = Publish("2");
        Tag(one);
        MakeKey("key");
        MakeKey("other");
        var client = new RegistryClient(new OciOptions());
        SigningKey key = Key("key");
        await new ImageSigner(client, key).SignAsync(RegistryReference.Parse($"{Image}:latest"), $"{Image}:latest", _cancellation);
        _directory.Write("host/etc/containers/registries.d/test.yaml", Lookaside);
        _directory.Write("host/etc/containers/policy.json", $$$"""{"default":[{"type":"sigstoreSigned","keyPath":"{{{_directory["key.pub"]}}}","signedIdentity":{"type":"matchRepository"}}]}""");
        using Sysroot sysroot = await InstallAsync();
        var graph = new RepositoryGraph(new AgentConfig(), 1, Options);

        string document = File.ReadAllText(WriteGraph(one, two));
        await PushAsync(document, null);
        Assert.Contains("there is no such signature", (await Assert.ThrowsAsync<PolicyRejectedException>(() => graph.TryDecideAsync(sysroot, HostInspector.Read(sysroot), _cancellation))).Message);
        await PushAsync(document + "# by a stranger\n", Key("other"));
        await Assert.ThrowsAsync<PolicyRejectedException>(() => graph.TryDecideAsync(sysroot, HostInspector.Read(sysroot), _cancellation));
        await PushAsync(document + "# by the owner\n", key);
        Assert.Equal(UpdateDecisionKind.Update, (await graph.TryDecideAsync(sysroot, HostInspector.Read(sysroot), _cancellation))!.Kind);

        // Without a policy any more, a host whose image was signed takes no graph without a signature.
        File.Delete(_directory["host/etc/containers/policy.json"]);
        await PushAsync(document + "# unsigned again\n", null);
        Assert.Contains("was signed by", (await Assert.ThrowsAsync<PolicyRejectedException>(() => graph.TryDecideAsync(sysroot, HostInspector.Read(sysroot), _cancellation))).Message);
    }

    [Fact]
    public async Task What_is_no_graph_is_told_of_and_a_graph_that_is_gone_is_missed()
    {
        string one = Publish("1");
        Tag(one);
        using Sysroot sysroot = await InstallAsync();
        var graph = new RepositoryGraph(new AgentConfig(), 1, Options);
        Peer.Run("skopeo", "--insecure-policy", "copy", "-q", "--src-tls-verify=false", "--dest-tls-verify=false", $"docker://{Image}@{one}", $"docker://{Image}:latest.graph").Succeeded();
        Assert.Contains($"is no artifact of the type {GraphArtifact.Type}", (await Assert.ThrowsAsync<ManifestException>(() => graph.TryDecideAsync(sysroot, HostInspector.Read(sysroot), _cancellation))).Message);

        var client = new RegistryClient(new OciOptions());
        (RegistryReference _, ReadOnlyMemory<byte> manifest) = await client.PushArtifactAsync(RegistryReference.Parse(Image), GraphArtifact.Type, "schema: garbage"u8.ToArray(), null, [], _cancellation);
        await client.PutManifestAsync(RegistryReference.Parse($"{Image}:latest.graph"), manifest, MediaTypes.OciManifest, _cancellation);
        Assert.StartsWith($"{Image}:latest.graph:1:1: error: the schema is 'garbage'", (await Assert.ThrowsAsync<GraphFormatException>(() => graph.TryDecideAsync(sysroot, HostInspector.Read(sysroot), _cancellation))).Message);
    }

    [Fact]
    public async Task A_graph_of_another_repository_is_not_pushed_and_not_followed()
    {
        string one = Publish("1"), two = Publish("2"), elsewhere = _directory.Write("elsewhere.yaml", $"schema: bootc.update-graph/v1\nstream: stable\nrepository: quay.io/other/os\nnodes:\n  - {{version: '1', image: '{one}'}}\n  - {{version: '2', image: '{two}'}}\n");
        MakeKey("key");

        CommandResult push = BootcProgram.Run("graph", "push", "--key", _directory["key"], "--to", $"{Image}:latest", elsewhere);
        Assert.Equal((1, $"error: {elsewhere} leads to images of quay.io/other/os, and hosts that follow {Image} would not go there\n"), (push.ExitCode, push.Error));
        Tag(one);
        (await InstallAsync()).Dispose();
        CommandResult upgrade = Bootc("upgrade", "--graph", elsewhere);
        Assert.Equal((1, $"error: the graph leads to quay.io/other/os@{two}, but this host follows {Image}; 'bootc switch' follows another repository\n"), (upgrade.ExitCode, upgrade.Error));
        Assert.Equal(one, RunningDigest());
    }

    private string Publish(string version)
    {
        WrittenImage image = OsImage.Create("1").WithVersion(version).WriteTo(_directory["images"], version);
        Peer.Run("skopeo", "--insecure-policy", "copy", "-q", "--dest-tls-verify=false", image.Reference, $"docker://{Image}:{version}").Succeeded();
        return image.ManifestDigest;
    }

    private void Tag(string digest) => Peer.Run("skopeo", "--insecure-policy", "copy", "-q", "--src-tls-verify=false", "--dest-tls-verify=false", $"docker://{Image}@{digest}", $"docker://{Image}:latest").Succeeded();

    private string WriteGraph(params string[] digests) => WriteGraph(barrier: 0, digests);

    private string WriteGraph(int barrier, params string[] digests) => _directory.Write(
        "graph.yaml",
        $"schema: bootc.update-graph/v1\nstream: stable\nrepository: {Image}\nnodes:\n" + string.Concat(digests.Select((digest, i) => $"  - {{version: '{i + 1}', image: '{digest}'{(i + 1 == barrier ? ", barrier: all go through it" : "")}}}\n")));

    private async Task PushAsync(string document, SigningKey? key) => await GraphArtifact.PushAsync(
        document, "graph.yaml", RegistryReference.Parse($"{Image}:latest"), new RegistryClient(new OciOptions()), key, withBundle: false, _cancellation);

    private void MakeKey(string name) => Peer.Run(
        "sh", "-c", $"openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out {_directory[name]} && openssl pkey -in {_directory[name]} -pubout -out {_directory[name]}.pub").Succeeded();

    private SigningKey Key(string name) => SigningKey.FromPem(File.ReadAllBytes(_directory[name]), () => "");

    private async Task<Sysroot> InstallAsync()
    {
        Peer.RequireRoot("deployments are owned by root and made immutable");
        Sysroot.Initialize(_directory["sysroot"], "default");
        using (Sysroot sysroot = Sysroot.Open(_directory["sysroot"]))
        {
            await new SwitchOperation(sysroot, Options, new Silence()) { Target = OstreeImageReference.Unverified(ImageReference.Parse($"docker://{Image}:latest")) }.RunAsync(_cancellation);
        }

        return Sysroot.Open(_directory["sysroot"]);
    }

    private CommandResult Bootc(params string[] arguments) => BootcProgram.Run([.. arguments, "--sysroot", _directory["sysroot"]]);

    private string RunningDigest()
    {
        using Sysroot sysroot = Sysroot.Open(_directory["sysroot"]);
        return HostInspector.Read(sysroot).Digest.ToString();
    }
}
