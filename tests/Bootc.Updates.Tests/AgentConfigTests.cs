// Settings in zincati's form.
using Bootc.Testing;
using Bootc.Updates.Agent;
using Bootc.Updates.Graph;
using Bootc.Updates.Strategies;
using Bootc.Updates.Windows;

namespace Bootc.Updates.Tests;

public class AgentConfigTests
{
    [Fact]
    public void The_sample_of_all_settings_means_what_it_means_to_zincati()
    {
        AgentConfig config = Sample("00-config-sample.toml");

        Assert.Equal(
            (TimeSpan.FromSeconds(35), "workers", "27e3ac02af3946af995c9940e18b0cce", 0.5, "http://cincinnati.example.com:80/", true, false, "fleet_lock", "http://fleet-lock.example.com:8080/", "localtime"),
            (config.SteadyInterval, config.Group, config.NodeUuid, config.RolloutWariness, config.CincinnatiBaseUrl, config.AllowDowngrade, config.IsEnabled, config.Strategy, config.FleetLockBaseUrl, config.TimeZone));
        Assert.Equal(
            [(Minute(DayOfWeek.Saturday, "23:00"), 120), (Minute(DayOfWeek.Sunday, "23:00"), 60), (0, 60), (Minute(DayOfWeek.Wednesday, "23:30"), 25)],
            config.Windows.Select(window => (window.Start, window.Length)));
        Assert.Empty(config.Warnings);
    }

    [Fact]
    public void The_sample_of_windows_has_the_length_that_zincati_finds()
    {
        AgentConfig config = Sample("20-periodic-sample.toml");

        Assert.Equal(3145, new WeeklyCalendar(config.Windows, TimeZoneInfo.Utc).TotalMinutes);
        Assert.Equal("UTC", config.TimeZone);
    }

    [Fact]
    public void The_sample_with_a_time_zone_opens_at_midnight_there()
    {
        AgentConfig config = Sample("30-periodic-sample-non-utc.toml");
        var calendar = new WeeklyCalendar(config.Windows, TimeZones.Find(config.TimeZone));

        Assert.Equal(("periodic", "America/Toronto"), (config.Strategy, config.TimeZone));
        Assert.Equal(DateTimeOffset.Parse("2026-01-05T05:00:00Z"), calendar.NextOpening(DateTimeOffset.Parse("2026-01-01T00:00:00Z")));
    }

    [Fact]
    public void Files_replace_others_of_their_name_and_come_after_those_before_them()
    {
        using var root = new TestDirectory("root");
        root.Write("usr/lib/zincati/config.d/10-a.toml", "[identity]\ngroup = \"usr\"\nrollout_wariness = 1\n[updates]\nenabled = false\n");
        root.Write("etc/zincati/config.d/10-a.toml", "[identity]\ngroup = \"etc\"\n");
        root.Write("run/zincati/config.d/10-a.toml", "[identity]\ngroup = \"run\"\n");
        root.Write("usr/lib/zincati/config.d/20-b.toml", "[agent.timing]\nsteady_interval_secs = 60\n[[updates.periodic.window]]\ndays = [\"Mon\"]\nstart_time = \"1:05\"\nlength_minutes = 1\n");
        root.Write("etc/bootc/agent.d/00-own.toml", "[agent.timing]\nsteady_interval_secs = 70\n[[updates.periodic.window]]\ndays = [\"tuesday\"]\nstart_time = \"00:00\"\nlength_minutes = 1\n");
        root.Write("etc/bootc/agent.d/.hidden.toml", "garbage");
        root.Write("etc/bootc/agent.d/readme", "garbage");

        AgentConfig config = AgentConfig.Load(root.Path);

        Assert.Equal(("etc", null, true, 70.0, "65 1440"), (config.Group, config.RolloutWariness, config.IsEnabled, config.SteadyInterval.TotalSeconds, string.Join(' ', config.Windows.Select(window => window.Start))));
    }

    [Fact]
    public void Without_files_the_defaults_are_zincatis()
    {
        using var root = new TestDirectory("root");
        AgentConfig config = AgentConfig.Load(root.Path);

        Assert.Equal((300.0, "default", null, false, true, "immediate", "UTC"), (config.SteadyInterval.TotalSeconds, config.Group, config.NodeUuid, config.AllowDowngrade, config.IsEnabled, config.Strategy, config.TimeZone));
    }

    [Theory]
    [InlineData("[identity", "f.toml is malformed: ")]
    [InlineData("identity = 1", "f.toml: identity is not a table")]
    [InlineData("[agent.timing]\nsteady_interval_secs = 0", "f.toml: agent.timing.steady_interval_secs is no whole number from 1 to 2147483647")]
    [InlineData("[agent.timing]\nsteady_interval_secs = 1.5", "f.toml: agent.timing.steady_interval_secs is no whole number from 1 to 2147483647")]
    [InlineData("[identity]\ngroup = \"a b\"", "f.toml: identity.group: 'a b' is no group name: letters, digits, '.' and '-' are allowed")]
    [InlineData("[identity]\nnode_uuid = \"x\"", "f.toml: identity.node_uuid is 'x', not 32 hexadecimal digits")]
    [InlineData("[identity]\nrollout_wariness = 1.1", "f.toml: identity.rollout_wariness is no number from 0 to 1")]
    [InlineData("[identity]\nrollout_wariness = nan", "f.toml: identity.rollout_wariness is no number from 0 to 1")]
    [InlineData("[updates]\nenabled = \"no\"", "f.toml: updates.enabled is neither true nor false")]
    [InlineData("[updates]\nstrategy = \"someday\"", "f.toml: updates.strategy is 'someday', not one of immediate, periodic, fleet_lock")]
    [InlineData("[graph]\ndocument = \"\"", "f.toml: graph.document is empty")]
    [InlineData("[identity]\nnode_uuid = \"{27e3ac02-af39-46af-995c-9940e18b0cce}\"", "f.toml: identity.node_uuid is '{27e3ac02-af39-46af-995c-9940e18b0cce}', not 32 hexadecimal digits")]
    [InlineData("[updates.periodic]\nwindow = 7", "f.toml: updates.periodic.window is no list of tables")]
    [InlineData("[[updates.periodic.window]]\nstart_time = \"00:00\"\nlength_minutes = 1", "f.toml: updates.periodic.window.days is missing")]
    [InlineData("[[updates.periodic.window]]\ndays = [\"Mon\"]\nlength_minutes = 1", "f.toml: updates.periodic.window.start_time is missing")]
    [InlineData("[[updates.periodic.window]]\ndays = [\"Mon\"]\nstart_time = \"00:00\"", "f.toml: updates.periodic.window.length_minutes is missing")]
    [InlineData("[[updates.periodic.window]]\ndays = [\"Mon\"]\nstart_time = \"24:00\"\nlength_minutes = 1", "f.toml: updates.periodic.window.start_time is '24:00', not a time as 23:30")]
    [InlineData("[[updates.periodic.window]]\ndays = [\"Mon\"]\nstart_time = \"-0:00\"\nlength_minutes = 1", "f.toml: updates.periodic.window.start_time is '-0:00', not a time as 23:30")]
    [InlineData("[[updates.periodic.window]]\ndays = [\"domenica\"]\nstart_time = \"00:00\"\nlength_minutes = 1", "f.toml: updates.periodic.window.days has 'domenica', which is no day's name in English")]
    [InlineData("[[updates.periodic.window]]\ndays = [\"Mon\"]\nstart_time = \"00:00\"\nlength_minutes = 10081", "f.toml: updates.periodic.window.length_minutes is no whole number from 1 to 10080")]
    public void What_is_wrong_is_named(string text, string message) =>
        Assert.StartsWith(message, Assert.Throws<UpdatesException>(() => new AgentConfig().With(text, "f.toml")).Message);

    [Fact]
    public void An_empty_string_is_as_if_nothing_had_been_said()
    {
        AgentConfig config = Sample("00-config-sample.toml").With("cincinnati.base_url = \"\"\n[identity]\ngroup = \"\"\nnode_uuid = \"\"\n[updates]\nstrategy = \"\"\nfleet_lock.base_url = \"\"\n", "f.toml");

        Assert.Equal((null, "default", null, "immediate", null), (config.CincinnatiBaseUrl, config.Group, config.NodeUuid, config.Strategy, config.FleetLockBaseUrl));
    }

    // The group labels, and the times, of zincati's own tests.
    [Theory]
    [InlineData("identity.group = \"01\"")]
    [InlineData("identity.group = \"group-A\"")]
    [InlineData("identity.group = \"infra.01\"")]
    [InlineData("identity.group = \"example.com\"")]
    [InlineData("updates.periodic.window = [{days = [\"monday\", \"Mon\"], start_time = \"07:5\", length_minutes = 1}]")]
    [InlineData("updates.periodic.window = [{days = [\"Sun\"], start_time = \"6:20\", length_minutes = 10080}]")]
    [InlineData("identity.node_uuid = \"27e3ac02-af39-46af-995c-9940e18b0cce\"")]
    public void What_zincati_takes_is_taken(string text) => Assert.Empty(new AgentConfig().With(text, "f.toml").Warnings);

    [Theory]
    [InlineData("identity.group = \"intránët\"")]
    [InlineData("updates.periodic.window = [{days = [\"Mon\"], start_time = \"0x0A:0o70\", length_minutes = 1}]")]
    [InlineData("updates.periodic.window = [{days = [\"Mon\"], start_time = \"25:00\", length_minutes = 1}]")]
    [InlineData("updates.periodic.window = [{days = [\"Mon\"], start_time = \"23:60\", length_minutes = 1}]")]
    [InlineData("updates.periodic.window = [{days = [\"Mon\"], start_time = \"00:00\", length_minutes = 0}]")]
    public void What_zincati_refuses_is_refused(string text) => Assert.Throws<UpdatesException>(() => new AgentConfig().With(text, "f.toml"));

    [Fact]
    public void Windows_that_overlap_are_counted_once() => Assert.Equal(
        (165, 150),
        (WeeklyWindow.Create(DayOfWeek.Monday, new TimeOnly(1, 15), 45).Concat(WeeklyWindow.Create(DayOfWeek.Sunday, new TimeOnly(23, 30), 120)).ToArray() is var windows ? windows.Sum(window => window.Length) : 0, WeeklyCalendar.CountMinutes(windows)));

    [Theory]
    [InlineData("[updates]\nenabled = true\nallow_downgrade = false\n[identity]\ngroup = \"default\"\n[agent.timing]\nsteady_interval_secs = 300\n[cincinnati]\nbase_url= \"https://updates.coreos.fedoraproject.org\"\n")]
    public void The_files_that_zincati_comes_with_are_its_defaults(string text) => Assert.Equal(
        (new AgentConfig() with { CincinnatiBaseUrl = "https://updates.coreos.fedoraproject.org" }) is var expected ? (expected.Strategy, expected.Group, expected.SteadyInterval, expected.IsEnabled, expected.AllowDowngrade, expected.CincinnatiBaseUrl) : default,
        new AgentConfig().With(text, "f.toml") is var config ? (config.Strategy, config.Group, config.SteadyInterval, config.IsEnabled, config.AllowDowngrade, config.CincinnatiBaseUrl) : default);

    [Fact]
    public void What_is_not_known_is_told_of() => Assert.Equal(
        ["f.toml: telemetry is not known", "f.toml: updates.frobnicate is not known"],
        new AgentConfig().With("[telemetry]\nx = 1\n[updates]\nfrobnicate = true\n", "f.toml").Warnings);

    [Fact]
    public void A_graph_is_a_document_or_a_servers_and_numbers_stay_on_the_host()
    {
        AgentConfig config = new AgentConfig().With("graph.document = \"/etc/graph.yaml\"\ngraph.stream = \"next\"\nagent.metrics.listen = \"127.0.0.1:9100\"", "a.toml");
        var variables = new Dictionary<string, string> { ["stream"] = "next" };

        Assert.Equal(("/etc/graph.yaml", "next", "127.0.0.1:9100"), (config.GraphDocument, config.Stream, config.MetricsAddress));
        using IGraphSource? source = GraphSource.Create(config, "0", variables);
        Assert.Equal("the graph at /etc/graph.yaml", source?.Description);
        Assert.Null(GraphSource.Create(new AgentConfig(), "0", variables));
        Assert.Contains("can follow one of them", Assert.Throws<UpdatesException>(() => GraphSource.Create(config with { CincinnatiBaseUrl = "http://graphs.example.com" }, "0", variables)).Message);
        Assert.Equal(
            "b.toml: agent.metrics.listen is '0.0.0.0:9100', which others than this host can reach: a loopback address or a Unix socket is wanted",
            Assert.Throws<UpdatesException>(() => config.With("agent.metrics.listen = \"0.0.0.0:9100\"", "b.toml")).Message);
    }

    [Theory]
    [InlineData(200, GraphDocumentTests.Sample, null)]
    [InlineData(404, "", "cannot be fetched: the server answered 404")]
    [InlineData(200, "schema: something", ":1:1: error: ")]
    [InlineData(200, "<html>", ":1:1: error: ")]
    public async Task A_document_behind_a_URL_is_fetched_each_time(int status, string body, string? fault)
    {
        using var server = new ScriptedServer(_ => new ScriptedAnswer(status, System.Text.Encoding.UTF8.GetBytes(body)));
        using var client = new GraphDocumentClient($"http://{server.Address}/stable.yaml");

        if (fault is null)
        {
            Assert.Equal("stable", (await client.FetchAsync(TestContext.Current.CancellationToken)).Stream);
        }
        else
        {
            UpdatesException e = await Assert.ThrowsAnyAsync<UpdatesException>(() => client.FetchAsync(TestContext.Current.CancellationToken));
            Assert.StartsWith($"http://{server.Address}/stable.yaml", e.Message);
            Assert.Contains(fault, e.Message);
        }
    }

    [Fact]
    public void A_strategy_that_lacks_something_is_refused()
    {
        var variables = new Dictionary<string, string> { ["group"] = "workers", ["stream"] = "stable" };

        Assert.Contains("has no windows", Error(new AgentConfig { Strategy = "periodic" }));
        Assert.Contains("has no lock manager", Error(new AgentConfig { Strategy = "fleet_lock" }));
        Assert.Contains("is no URL of a lock manager", Error(new AgentConfig { Strategy = "fleet_lock", FleetLockBaseUrl = "${group}" }));
        Assert.Contains("has the variable ${home}, which is not known; there are ${group}, ${stream}", Error(new AgentConfig { Strategy = "fleet_lock", FleetLockBaseUrl = "http://${home}" }));
        Assert.Equal("http://x/stable/workers", UrlTemplate.Expand("http://x/${stream}/${group}", variables));

        string Error(AgentConfig config) => Assert.Throws<UpdatesException>(() => UpdateStrategy.Create(config, "id", variables)).Message;
    }

    private static AgentConfig Sample(string name) => new AgentConfig().With(File.ReadAllText(TestData.Get($"updates/{name}")), name);

    private static int Minute(DayOfWeek day, string time) => WeeklyWindow.MinuteOf(day, TimeOnly.Parse(time));
}
