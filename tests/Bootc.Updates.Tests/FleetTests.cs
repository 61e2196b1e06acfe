// Documents of a repository, laid over one another.
using System.Text;
using System.Text.Json.Nodes;
using Bootc.Testing;
using Bootc.Updates.Documents;
using Bootc.Updates.Git;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Bootc.Updates.Tests;

public class FleetTests
{
    private const string Base = """
        apiVersion: org.containers.bootc/v1
        kind: BootcHostGroup
        metadata: {name: all}
        spec:
          order: -10
          host:
            image: {image: "quay.io/example/os:stable", signature: containerPolicy}
            kernelArguments: {present: [quiet, "loglevel=3"], absent: [rhgb]}
            packages: [htop]
            updates:
              window: [{days: [Sat, Sun], startTime: "22:30", lengthMinutes: 120}]
              timeZone: Europe/Rome
        ---
        apiVersion: org.containers.bootc/v1
        kind: BootcHostGroup
        metadata: {name: web}
        spec:
          selector: {matchLabels: {role: web}}
          host:
            packages: [nginx-light]
            kernelArguments: {present: ["mitigations=auto"], $deleteFromPrimitiveList/present: [quiet]}
        ---
        apiVersion: org.containers.bootc/v1
        kind: BootcHostGroup
        metadata: {name: canaries}
        spec:
          order: 5
          selector: {hosts: [web2]}
          host:
            image: {image: "quay.io/example/os:testing"}
            updates: {window: null}
        """;

    private const string Hosts = """
        apiVersion: org.containers.bootc/v1
        kind: BootcHost
        metadata: {name: web1, labels: {role: web}}
        spec:
          updates: {paused: the customer moves house, pin: "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}
        ---
        apiVersion: org.containers.bootc/v1
        kind: BootcHost
        metadata: {name: lab}
        spec:
          packages: {PATCH}
          kernelArguments: {$patch: replace, present: [debug]}
          image: {signature: null}
        """;

    [Fact]
    public void Groups_and_the_hosts_own_document_are_laid_over_one_another_in_their_order()
    {
        Fleet fleet = Read(("hosts/base.yaml", Base), ("hosts/hosts.yaml", Hosts.Replace("{PATCH}", "null")));

        RenderedHost web1 = fleet.Render(Host("web1"));
        Assert.Equal(["BootcHostGroup all (hosts/base.yaml:1)", "BootcHostGroup web (hosts/base.yaml:14)", "BootcHost web1 (hosts/hosts.yaml:1)"], web1.Sources);
        Assert.Equal("ostree-image-signed:docker://quay.io/example/os:stable", web1.Document.Image!.ToString());
        Assert.Equal(["htop", "nginx-light"], web1.Document.Packages);
        Assert.Equal(["loglevel=3", "mitigations=auto"], web1.Document.KernelArguments!.Present);
        Assert.Equal(["rhgb"], web1.Document.KernelArguments.Absent);
        Assert.Equal(("the customer moves house", "Europe/Rome", 3), (web1.Document.Updates!.Paused, web1.Document.Updates.TimeZone, web1.Document.Updates.Windows.Count));

        RenderedHost lab = fleet.Render(Host("lab"));
        Assert.Equal(("quay.io/example/os:stable", SignatureOf(lab), null), (lab.Document.Image!.Image.Name, "insecure", lab.Document.Packages));
        Assert.Equal(["debug"], lab.Document.KernelArguments!.Present);
        Assert.Empty(lab.Document.KernelArguments.Absent);

        // By labels of its settings alone, or by its name in a group.
        RenderedHost web2 = fleet.Render(Host("web2") with { Labels = new Dictionary<string, string> { ["role"] = "web" } });
        Assert.Equal(("quay.io/example/os:testing", 0), (web2.Document.Image!.Image.Name, web2.Document.Updates!.Windows.Count));
        Assert.Equal(["BootcHostGroup all (hosts/base.yaml:1)", "BootcHostGroup web (hosts/base.yaml:14)", "BootcHostGroup canaries (hosts/base.yaml:23)"], web2.Sources);
    }

    [Fact]
    public void What_is_rendered_is_a_document_of_its_own_and_always_the_same()
    {
        RenderedHost web1 = Read(("base.yaml", Base), ("hosts.yaml", Hosts.Replace("{PATCH}", "[]"))).Render(Host("web1"));
        string json = Encoding.UTF8.GetString(web1.ToJson());

        Assert.Empty(Schema().Check(json));
        RenderedHost again = Read(("web1.yaml", json)).Render(Host("web1"));
        Assert.Equal((json, web1.Fingerprint), (Encoding.UTF8.GetString(again.ToJson()), again.Fingerprint));
    }

    [Fact]
    public void The_samples_are_as_the_schema_says() => Assert.All(
        (Base + "\n---\n" + Hosts.Replace("{PATCH}", "[vim]")).Split("\n---\n"), document => Assert.Empty(Schema().Check(ToJson(document))));

    [Fact]
    public void A_host_may_be_named_by_its_machine_ID()
    {
        Fleet fleet = Read(("a.yaml", TestRepository.Host("{packages: [vim]}", "0123456789abcdef0123456789abcdef")), ("b.yaml", TestRepository.Group("amd", "selector: {matchLabels: {architecture: amd64, group: workers}}\nhost: {packages: [htop]}")));

        Assert.Equal(["htop", "vim"], fleet.Render(new HostIdentity("x", "0123456789abcdef0123456789abcdef", new Dictionary<string, string>()) { Architecture = "amd64", Group = "workers" }).Document.Packages);
        Assert.False(fleet.Render(Host("x") with { Architecture = "arm64" }).IsManaged);
    }

    [Fact]
    public void Bound_images_of_groups_and_hosts_add_up()
    {
        string group = TestRepository.Group("all", "host: {boundImages: [quay.io/a/agent@sha256:00, quay.io/a/log:1]}"), host = TestRepository.Host("{$deleteFromPrimitiveList/boundImages: ['quay.io/a/log:1'], boundImages: [quay.io/a/web:1]}");
        Fleet fleet = Read(("a.yaml", group), ("b.yaml", host));

        RenderedHost rendered = fleet.Render(Host("web1"));
        Assert.Equal(["quay.io/a/agent@sha256:00", "quay.io/a/web:1"], rendered.Document.BoundImages);
        Assert.Equal(rendered.Document.BoundImages, HostDocument.Parse(System.Text.Encoding.UTF8.GetString(rendered.ToJson()), "rendered").BoundImages);
        Assert.Empty(Schema().Check(ToJson(group)));
        Assert.Empty(Schema().Check(ToJson(host)));
    }

    [Theory]
    [InlineData("{image: {image: 'UPPER/x:y:z'}}", "a.yaml:4:15: error: ")]
    [InlineData("{image: {name: x}}", "a.yaml:4:22: error: spec.image has a member 'name', which org.containers.bootc/v1 does not know")]
    [InlineData("{bootOrder: rollback}", "a.yaml:4:7: error: bootOrder is 'rollback', which is no state")]
    [InlineData("{packages: [-rf]}", "a.yaml:4:19: error: packages has '-rf', which is not a package's name")]
    [InlineData("{boundImages: ['a b']}", "a.yaml:4:22: error: boundImages has 'a b', which is not the name of an image")]
    [InlineData("{packages: htop}", "a.yaml:4:18: error: packages is no list")]
    [InlineData("{kernelArguments: {present: ['a b']}}", "a.yaml:4:36: error: present has 'a b', which is not one word of a kernel command line")]
    [InlineData("{kernelArguments: {present: [ostree=/x]}}", "a.yaml:4:36: error: present has 'ostree=/x'")]
    [InlineData("{kernelArguments: {present: [a=1], absent: [a]}}", "a.yaml:4:25: error: kernelArguments wants 'a=1' both present and absent")]
    [InlineData("{updates: {pin: latest}}", "a.yaml:4:17: error: pin is 'latest', not the digest of an image")]
    [InlineData("{updates: {timeZone: Mars/Olympus}}", "a.yaml:4:17: error: there is no time zone 'Mars/Olympus'")]
    [InlineData("{updates: {window: [{days: [Someday], startTime: '22:00', lengthMinutes: 5}]}}", "a.yaml:4:35: error: days has 'Someday', which is not a day's name in English")]
    [InlineData("{updates: {window: [{days: [Sat], startTime: '25:00', lengthMinutes: 5}]}}", "a.yaml:4:52: error: startTime is '25:00', not a time as 23:30")]
    [InlineData("{$patch: explode}", "a.yaml:4:16: error: $patch is 'explode', not merge, replace or delete")]
    [InlineData("{$deleteFromPrimitiveList/window: [x]}", "a.yaml:4:41: error: $deleteFromPrimitiveList/window names no list whose words add up")]
    [InlineData("{secrets: 1}", "a.yaml:4:17: error: spec has a member 'secrets'")]
    public void What_is_wrong_is_named_with_its_place(string spec, string message)
    {
        FleetFormatException e = Assert.Throws<FleetFormatException>(() => Read(("a.yaml", TestRepository.Host(spec))));
        Assert.StartsWith(message, e.Faults[0].ToString());
        if (!spec.Contains("ostree") && !spec.Contains("a=1") && !spec.Contains("UPPER") && !spec.Contains("Mars"))
        {
            Assert.NotEmpty(Schema().Check(ToJson(TestRepository.Host(spec))));
        }
    }

    [Theory]
    [InlineData("kind: Pod", "a.yaml:1:1: error: apiVersion is 'v1', not org.containers.bootc/v1")]
    [InlineData("kind: BootcHost\nmetadata: {name: '../x'}", "a.yaml:1:1: error: apiVersion")]
    [InlineData("[1, 2]", "a.yaml:2:1: error: this is no YAML: ")]
    public void Other_documents_are_refused(string text, string message) =>
        Assert.StartsWith(message, Assert.Throws<FleetFormatException>(() => Read(("a.yaml", $"apiVersion: v1\n{text}\n"))).Message);

    [Fact]
    public void Names_that_lead_elsewhere_and_names_that_are_there_twice_are_refused()
    {
        Assert.Contains("metadata.name is '../x', not a name of letters", Assert.Throws<FleetFormatException>(() => Read(("a.yaml", TestRepository.Host("{}", "'../x'")))).Message);
        Assert.Equal("b.yaml:1:1: error: there is another BootcHost web1, in a.yaml:1", Assert.Throws<FleetFormatException>(() => Read(("a.yaml", TestRepository.Host("{}")), ("b.yaml", TestRepository.Host("{}")))).Message);
    }

    [Fact]
    public void Documents_that_contradict_one_another_are_told_of_with_the_host()
    {
        Fleet fleet = Read(("a.yaml", TestRepository.Group("all", "host: {kernelArguments: {present: [quiet]}}")), ("b.yaml", TestRepository.Host("{kernelArguments: {absent: [quiet]}}")));

        Assert.Equal(
            "b.yaml:1:1: error: for the host web1, of BootcHostGroup all, BootcHost web1: kernelArguments wants 'quiet' both present and absent",
            Assert.Throws<FleetFormatException>(() => fleet.Render(Host("web1"))).Message);
    }

    [Fact]
    public void Text_that_is_none_is_refused() =>
        Assert.Equal("a.yaml:1:1: error: this is no text in UTF-8", Assert.Throws<FleetFormatException>(() => Fleet.Read([new FleetFile("a.yaml", new byte[] { 0x61, 0xFF, 0xFE })])).Message);

    [Fact]
    public void Garbage_never_breaks_more_than_its_reader()
    {
        var mutator = new Mutator(6);
        Fuzz.Run(600, () => mutator.MutateText(Encoding.UTF8.GetBytes(Base)), content => Fleet.Read([new FleetFile("a.yaml", content)]).Render(Host("web1")), e => e is FleetFormatException);
    }

    [Fact]
    public void Validate_and_render_tell_files_and_lines_and_end_with_1()
    {
        using var directory = new TestDirectory("fleet");
        directory.Write("base.yaml", Base);
        directory.Write("sites/hosts.yaml", Hosts.Replace("{PATCH}", "[vim]"));
        directory.Write(".github/workflow.yaml", "on: push");

        CommandResult good = BootcProgram.Run("gitops", "validate", directory.Path);
        Assert.Equal((0, "2 hosts, 3 groups: nothing is wrong\n"), (good.ExitCode, good.Output));
        string rendered = BootcProgram.Run("gitops", "render", "--host", "new", "--label", "role=web", directory.Path).Succeeded();
        Assert.StartsWith($"# BootcHostGroup all ({directory["base.yaml"]}:1)\n# BootcHostGroup web ({directory["base.yaml"]}:14)\napiVersion: org.containers.bootc/v1\nkind: BootcHost\n", rendered);
        Assert.Contains("nginx-light", rendered);

        directory.Write("sites/bad.yaml", TestRepository.Host("{packages: [-x]}", "bad"));
        File.CreateSymbolicLink(directory["sites/link.yaml"], "/etc/hostname");
        CommandResult bad = BootcProgram.Run("gitops", "validate", directory.Path);
        Assert.Equal(1, bad.ExitCode);
        Assert.Contains($"{directory["sites/link.yaml"]}:1:1: error: this is a symbolic link, and those are not followed\n", bad.Output);
        Assert.Contains($"{directory["sites/bad.yaml"]}:4:19: error: packages has '-x'", bad.Output);
        File.Delete(directory["sites/link.yaml"]);
        CommandResult broken = BootcProgram.Run("gitops", "render", "--host", "web1", directory.Path);
        Assert.Equal(1, broken.ExitCode);
        Assert.StartsWith($"{directory["sites/bad.yaml"]}:4:19: error: ", broken.Error);
    }

    private static Fleet Read(params (string Path, string Text)[] files) => Fleet.Read(files.Select(file => new FleetFile(file.Path, Encoding.UTF8.GetBytes(file.Text))));

    private static HostIdentity Host(string name) => new(name, null, new Dictionary<string, string>());

    private static string SignatureOf(RenderedHost host) => host.Document.Image!.Verification == Oci.SignatureVerification.ContainerPolicy ? "containerPolicy" : "insecure";

    private static JsonSchema Schema() => JsonSchema.Load(Path.Combine(TestData.RepositoryRoot, "docs", "formats", "fleet-v1.schema.json"));

    private static string ToJson(string yaml)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(yaml));
        return ToJson(stream.Documents[0].RootNode)?.ToJsonString() ?? "null";
    }

    private static JsonNode? ToJson(YamlNode node) => node switch
    {
        YamlMappingNode mapping => new JsonObject(mapping.Children.Select(member => KeyValuePair.Create(((YamlScalarNode)member.Key).Value!, ToJson(member.Value)))),
        YamlSequenceNode list => new JsonArray([.. list.Children.Select(ToJson)]),
        YamlScalarNode { Style: ScalarStyle.Plain, Value: "null" or "~" or "" } => null,
        YamlScalarNode { Style: ScalarStyle.Plain, Value: { } text } when long.TryParse(text, out long number) => number,
        YamlScalarNode { Style: ScalarStyle.Plain, Value: "true" or "false" } flag => flag.Value == "true",
        _ => ((YamlScalarNode)node).Value,
    };
}
