// The update agent, as a program on a running host whose systemctl does nothing.
using System.Text.Json.Nodes;
using Bootc.Testing;

namespace Bootc.Deployments.Tests;

public sealed class AgentTests : IDisposable
{
    // Starts the agent, and waits until it says something.
    private const string Start = """
        PATH=/run/bin:$PATH # where systemctl does nothing
        env --default-signal $BOOTC agent 2>> /run/agent.log & agent=$! # though who runs the tests may ignore some
        until_log() { for i in $(seq 300); do grep -q "$1" /run/agent.log && return; sleep 0.1; done; echo "the agent did not say '$1':"; cat /run/agent.log; exit 3; }
        until_says() { for i in $(seq 100); do $BOOTC agent status 2> /dev/null | grep -q "$1" && return; sleep 0.5; done; echo "the agent does not say '$1':"; cat /run/agent.log; exit 3; }

        """;

    private readonly TestHost _host = new();
    private readonly LayoutRegistry _registry;
    private readonly BootedHost _booted;
    private readonly Dictionary<string, WrittenImage> _images = [];

    public AgentTests()
    {
        Publish("1", "stable");
        _registry = new LayoutRegistry(_host.Images);
        _host.Switch($"docker://{_registry.Address}/os/image:stable");
        _booted = new BootedHost(_host);
        Directory.CreateDirectory(_host["etc/bootc/agent.d"]);
        File.WriteAllText(_host["etc/machine-id"], "0123456789abcdef0123456789abcdef\n");
    }

    [Fact]
    public void The_newest_image_is_staged_and_booted_when_no_graph_says_otherwise()
    {
        Publish("2", "stable");

        CommandResult result = _booted.Shell(Start + "until_says '● UpdateFinalized\\|Status: *waiting for the reboot'; kill $agent; wait $agent; echo ended with $?; $BOOTC agent status --format json");

        string[] output = result.Succeeded().Split('\n', 2);
        Assert.Equal("ended with 0", output[0]);
        JsonNode report = JsonNode.Parse(output[1])!;
        Assert.Equal(("End", "waiting for the reboot into 2"), ((string?)report["state"], (string?)report["status"]));
        Assert.StartsWith("the graph that the repository carries, or the newest image under the name that is followed", (string?)report["follows"]);
        JsonNode status = JsonNode.Parse(_booted.Bootc("status", "--format", "json").Succeeded())!;
        Assert.Equal(_images["2"].ManifestDigest, (string?)status["status"]!["staged"]!["image"]!["imageDigest"]);
        Assert.NotEqual(true, (bool?)status["status"]!["staged"]!["downloadOnly"]);
        Assert.EndsWith("/os/image:stable", (string?)status["spec"]!["image"]!["image"]); // it still follows the tag
    }

    [Fact]
    public void A_change_that_is_queued_is_booted_with_the_update()
    {
        Publish("2", "stable");
        Configure("""
            [updates]
            strategy = "periodic"
            periodic.window = [{days = ["Mon"], start_time = "00:00", length_minutes = 1}]
            """);
        _booted.Bootc("kargs", "--quiet", "--append=debug").Succeeded();

        _booted.Shell(Start + "until_says '2 is staged\\|the reboot into 2'; kill $agent; wait $agent").Succeeded();

        JsonNode status = JsonNode.Parse(_booted.Bootc("status", "--format", "json").Succeeded())!;
        Assert.Equal(_images["2"].ManifestDigest, (string?)status["status"]!["staged"]!["image"]!["imageDigest"]);
        Assert.NotEqual(true, (bool?)status["status"]!["staged"]!["downloadOnly"]);
        _booted.Bootc("internals", "finalize-staged").Succeeded();
        Assert.EndsWith(" debug", _host.Deployments[0].Entry.Options!, StringComparison.Ordinal);
    }

    [Fact]
    public void A_host_goes_through_a_barrier_first()
    {
        Publish("2", "v2");
        Publish("3", "stable");
        Configure($"""
            [graph]
            document = "/etc/graph.yaml"
            """);
        WriteGraph(("1", ""), ("2", "barrier: moves the key store"), ("3", ""));

        _booted.Shell(Start + "until_says 'waiting for the reboot into 2'").Succeeded();

        JsonNode status = JsonNode.Parse(_booted.Bootc("status", "--format", "json").Succeeded())!;
        Assert.Equal(_images["2"].ManifestDigest, (string?)status["status"]!["staged"]!["image"]!["imageDigest"]);
    }

    [Fact]
    public void A_host_goes_from_one_image_for_several_architectures_to_the_next()
    {
        WrittenIndex two = OsImage.WriteIndexTo(_host.Images, "v2", OsImage.Create("2"), new OsImage { Architecture = "s390x" }.WithVersion("2"));
        WrittenIndex one = OsImage.WriteIndexTo(_host.Images, "v1", OsImage.Create("1"), new OsImage { Architecture = "s390x" }.WithVersion("1"));
        Configure("""
            [graph]
            document = "/etc/graph.yaml"
            """);
        File.WriteAllText(_host["etc/graph.yaml"], $"schema: bootc.update-graph/v1\nstream: stable\nrepository: '{_registry.Address}/os/image'\nnodes: [{{version: '1', image: '{one.Digest}'}}, {{version: '2', image: '{two.Digest}'}}]\n");

        _booted.Shell(Start + "until_says 'waiting for the reboot into 2'").Succeeded();

        JsonNode status = JsonNode.Parse(_booted.Bootc("status", "--format", "json").Succeeded())!;
        Assert.Equal(two.Images[new OsImage().Architecture], (string?)status["status"]!["staged"]!["image"]!["imageDigest"]);
    }

    [Fact]
    public void A_dead_end_is_told_at_login_and_in_the_status()
    {
        Publish("2", "stable");
        Configure("""
            [graph]
            document = "/etc/graph.yaml"
            """);
        WriteGraph(("1", "deadEnd: cannot replace its boot loader"), ("2", ""));

        CommandResult result = _booted.Shell(Start + "until_says 'Dead end: *cannot replace'; cat /run/motd.d/*; $BOOTC status --format human | grep 'Dead end'; $BOOTC upgrade");

        Assert.Equal(
            "This release is a dead end, no update leads away from it: cannot replace its boot loader\nDead end: cannot replace its boot loader\nNo update: 1 is a dead end: cannot replace its boot loader\n",
            result.Succeeded());
        Assert.Null(JsonNode.Parse(_booted.Bootc("status", "--format", "json").Succeeded())!["status"]!["staged"]);
    }

    [Fact]
    public void Settings_are_read_anew_and_those_that_cannot_be_used_change_nothing()
    {
        CommandResult result = _booted.Shell(Start + """
            until_log 'there is no newer release'
            echo 'updates.strategy = "whenever"' > /etc/bootc/agent.d/50.toml; kill -HUP $agent; until_log 'those before stay'
            printf '[updates]\nstrategy = "periodic"\nperiodic.window = [{days = ["Mon"], start_time = "00:00", length_minutes = 1}]\n' > /etc/bootc/agent.d/50.toml
            kill -HUP $agent; until_log 'the settings were read anew$'
            $BOOTC agent status | grep Strategy; grep -c 'stay: /etc/bootc/agent.d/50.toml' /run/agent.log
            """);

        Assert.Equal("Strategy:  periodic\n1\n", result.Succeeded());
    }

    [Fact]
    public void An_agent_that_is_killed_takes_up_where_it_was()
    {
        Publish("2", "stable");
        Configure("""
            [updates]
            strategy = "periodic"
            periodic.window = [{days = ["Mon"], start_time = "00:00", length_minutes = 1}]
            """);
        string closed = DateTimeOffset.UtcNow is { DayOfWeek: DayOfWeek.Monday, Hour: 0, Minute: < 5 } ? "the window is open just now" : "";
        Assert.SkipUnless(closed.Length == 0, closed);

        CommandResult result = _booted.Shell(Start + """
            until_says 'the reboot waits: the next window opens'; $BOOTC agent status --format json > /run/first.json
            kill -9 $agent; wait $agent || true; rm /run/agent.log
            """ + "\n" + Start + """
            until_log 'the reboot waits'; cat /run/agent.log; $BOOTC agent status --format json > /run/second.json
            """);

        Assert.DoesNotContain("looking for updates", result.Succeeded());
        JsonNode first = JsonNode.Parse(File.ReadAllText(Path.Combine(_booted.Run, "first.json")))!, second = JsonNode.Parse(File.ReadAllText(Path.Combine(_booted.Run, "second.json")))!;
        Assert.Equal("UpdateStaged", (string?)second["state"]);
        Assert.Equal((string?)first["since"], (string?)second["since"]);
        Assert.True((bool?)JsonNode.Parse(_booted.Bootc("status", "--format", "json").Succeeded())!["status"]!["staged"]!["downloadOnly"]); // it does not boot before it may
    }

    [Fact]
    public void A_program_of_the_owner_puts_the_reboot_off()
    {
        Publish("2", "stable");
        Directory.CreateDirectory(_host["etc/bootc/pre-reboot.d"]);
        string hook = _host["etc/bootc/pre-reboot.d/10-drain"];
        File.WriteAllText(hook, "#!/bin/sh\necho the node is not drained\nexit 7\n");
        Peer.Run("chmod", "755", hook).Succeeded();

        string status = _booted.Shell(Start + "until_says 'rebooting failed'; $BOOTC agent status").Succeeded();

        Assert.Contains("● UpdateStaged", status);
        Assert.Contains("10-drain in pre-reboot.d failed: exit code 7, the node is not drained", status);
    }

    [Fact]
    public void Numbers_are_told_under_zincatis_names()
    {
        Peer.Require("curl");

        string metrics = _booted.Shell(Start + "until_log 'there is no newer release'; curl -sS --unix-socket /run/bootc/metrics.sock http://localhost/metrics").Succeeded();

        Assert.Contains("\nzincati_cincinnati_update_checks_total 1\n", metrics);
        Assert.Contains("\nzincati_updates_strategy_mode{strategy=\"immediate\"} 1\n", metrics);
        Assert.Contains("\nbootc_update_agent_state{state=\"NoNewUpdate\"} 1\n", metrics);
    }

    [Fact]
    public void A_graph_that_leads_to_another_repository_is_not_followed()
    {
        Publish("2", "stable");
        Configure("""
            [graph]
            document = "/etc/graph.yaml"
            """);
        WriteGraph("quay.io/somebody/else", ("1", ""), ("2", ""));

        string status = _booted.Shell(Start + "until_says 'could not be staged'; $BOOTC agent status").Succeeded();

        Assert.Contains($"the graph leads to quay.io/somebody/else@{_images["2"].ManifestDigest}, but this host follows {_registry.Address}/os/image; 'bootc switch' follows another repository", status);
    }

    [Fact]
    public void Upgrade_goes_where_a_graph_leads_unless_told_otherwise()
    {
        Publish("2", "v2");
        Publish("3", "stable");
        WriteGraph(("1", ""), ("2", "barrier: moves the key store"), ("3", ""));
        string graph = _host["etc/graph.yaml"];

        Assert.Contains(_images["2"].ManifestDigest, CommandOn(_host, "upgrade", "--check", "--graph", graph));
        Assert.Contains(_images["3"].ManifestDigest, CommandOn(_host, "upgrade", "--check"));
        CommandOn(_host, "upgrade", "--quiet", "--graph", graph);
        Assert.Equal("2", VersionOfDefault());
        CommandOn(_host, "upgrade", "--quiet", "--graph", graph);
        Assert.Equal("3", VersionOfDefault());
        Assert.Equal("No update: there is no newer release\n", CommandOn(_host, "upgrade", "--graph", graph));
        _host.AssertSound();
    }

    public void Dispose()
    {
        _registry.Dispose();
        _host.Dispose();
    }

    private void Publish(string version, string tag) => _images[version] = OsImage.Create(version).WriteTo(_host.Images, tag);

    private void Configure(string settings) => File.WriteAllText(_host["etc/bootc/agent.d/50.toml"], settings);

    private void WriteGraph(params (string Version, string More)[] nodes) => WriteGraph($"{_registry.Address}/os/image", nodes);

    private void WriteGraph(string repository, params (string Version, string More)[] nodes) => File.WriteAllText(
        _host["etc/graph.yaml"],
        $"schema: bootc.update-graph/v1\nstream: stable\nrepository: \"{repository}\"\nnodes:\n"
        + string.Concat(nodes.Select(node => $"  - version: \"{node.Version}\"\n    image: {_images[node.Version].ManifestDigest}\n{(node.More.Length > 0 ? $"    {node.More}\n" : "")}")));

    private string VersionOfDefault() =>
        (string)JsonNode.Parse(CommandOn(_host, "status", "--format", "json"))!["status"]!["otherDeployments"]![0]!["image"]!["version"]!;

    private static string CommandOn(TestHost host, params string[] arguments) => Peer.Run(BootcProgram.Executable, [.. arguments, "--sysroot", host.Path]).Succeeded();
}
