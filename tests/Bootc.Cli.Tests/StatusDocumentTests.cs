// `status --format json|yaml` against the schema that bootc publishes.
using System.Text.Json;
using System.Text.Json.Nodes;
using Bootc.Testing;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Bootc.Cli.Tests;

public class StatusDocumentTests
{
    private static readonly JsonSerializerOptions Comparable = new() { WriteIndented = true };

    [Fact]
    public void Empty_sysroot()
    {
        using var host = new CliHost();

        JsonNode status = AssertValid("--sysroot", host.Sysroot);

        Assert.Null(status["spec"]!["image"]);
        Assert.Empty(status["status"]!["otherDeployments"]!.AsArray());
    }

    [Fact]
    public void One_deployment()
    {
        using var host = new CliHost();
        WrittenImage image = host.Publish("1");
        host.Switch("--quiet").Succeeded();

        JsonNode status = AssertValid("--sysroot", host.Sysroot);

        Assert.Equal($$"""{"image":{"image":"{{host.Images}}:latest","transport":"oci","signature":null},"bootOrder":"default"}""", status["spec"]!.ToJsonString());
        Assert.Equal(
            $$"""{"image":{"image":"{{host.Images}}:latest","transport":"oci","signature":null},"version":"1","timestamp":"2025-01-01T03:04:05+00:00","imageDigest":"{{image.ManifestDigest}}","architecture":"{{OsImage.Create().Architecture}}"}""",
            status["status"]!["otherDeployments"]![0]!["image"]!.ToJsonString(new JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
    }

    [Fact]
    public void Two_deployments_a_known_update_and_a_pinned_one()
    {
        using CliHost host = CliHost.WithTwoDeployments();
        host.Publish("3");
        host.Run("upgrade", "--check").Succeeded();
        string origin = Directory.EnumerateFiles(Path.Combine(host.Sysroot, "ostree/deploy/default/deploy"), "*.origin").First();
        File.AppendAllText(origin, "[libostree-transient]\npinned=true\n");

        JsonNode status = AssertValid("--sysroot", host.Sysroot);

        JsonNode[] entries = [status["status"]!["otherDeployments"]![0]!, status["status"]!["rollback"]!];
        Assert.Equal(["2", "1"], entries.Select(entry => (string)entry["image"]!["version"]!));
        Assert.Equal("3", (string)entries[0]["cachedUpdate"]!["version"]!);
        Assert.Single(entries, entry => (bool)entry["pinned"]!);
    }

    [Fact]
    public void After_a_rollback()
    {
        using CliHost host = CliHost.WithTwoDeployments();
        host.Run("rollback", "--quiet").Succeeded();

        JsonNode status = AssertValid("--sysroot", host.Sysroot);

        Assert.Equal("1", (string)status["status"]!["otherDeployments"]![0]!["image"]!["version"]!);
        Assert.Equal("2", (string)status["status"]!["rollback"]!["image"]!["version"]!);
    }

    [Fact]
    public void Host_that_was_not_installed_from_an_image()
    {
        Assert.SkipWhen(Directory.Exists("/ostree/repo"), "this host was installed from an image");

        JsonNode status = AssertValid();
        CommandResult table = CliHost.Bootc("status", "--format", "humanreadable");

        Assert.Null(status["spec"]!["image"]);
        Assert.Null(status["status"]!["booted"]);
        Assert.Equal((0, ""), (table.ExitCode, table.Error));
        Assert.StartsWith("System is not deployed via bootc.\n", table.Output, StringComparison.Ordinal);
    }

    // Both forms are valid and say the same.
    private static JsonNode AssertValid(params string[] where)
    {
        JsonSchema schema = JsonSchema.Load(TestData.Get("bootc/host-v1.schema.json"));
        string json = CliHost.Bootc(["status", "--format", "json", .. where]).Succeeded();
        string yaml = CliHost.Bootc(["status", "--format", "yaml", .. where]).Succeeded();

        Assert.Empty(schema.Check(json));
        JsonNode document = JsonNode.Parse(json)!;
        Assert.Equal(document.ToJsonString(Comparable), ReadYaml(yaml)!.ToJsonString(Comparable));
        return document;
    }

    private static JsonNode? ReadYaml(string yaml)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(yaml));
        return Convert(stream.Documents[0].RootNode);
    }

    private static JsonNode? Convert(YamlNode node) => node switch
    {
        YamlMappingNode mapping => new JsonObject(mapping.Children.Select(child => KeyValuePair.Create(((YamlScalarNode)child.Key).Value!, Convert(child.Value)))),
        YamlSequenceNode sequence => new JsonArray([.. sequence.Children.Select(Convert)]),
        YamlScalarNode { Style: ScalarStyle.Plain, Value: "null" } => null,
        YamlScalarNode { Style: ScalarStyle.Plain, Value: "true" or "false" } scalar => JsonValue.Create(bool.Parse(scalar.Value)),
        YamlScalarNode { Style: ScalarStyle.Plain } scalar when long.TryParse(scalar.Value, out long number) => JsonValue.Create(number),
        YamlScalarNode scalar => JsonValue.Create(scalar.Value),
        _ => throw new InvalidOperationException($"no such YAML is written: {node}"),
    };
}
