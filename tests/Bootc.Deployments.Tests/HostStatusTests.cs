// The status document is the one that bootc's schema describes, for every state that a sysroot can be in.
using System.Text;
using System.Text.Json.Nodes;
using Bootc.Deployments.Status;
using Bootc.Testing;

namespace Bootc.Deployments.Tests;

public class HostStatusTests
{
    [Fact]
    public async Task Document_is_valid_in_every_state()
    {
        JsonSchema schema = JsonSchema.Load(TestData.Get("bootc/host-v1.schema.json"));
        using var host = new TestHost();
        var documents = new List<string> { Document(host) };

        host.Switch(OsImage.Create("1").WriteTo(host.Images));
        documents.Add(Document(host));
        OsImage.Create("1").WithVersion("2").WriteTo(host.Images);
        using (Sysroot sysroot = Sysroot.Open(host.Path))
        {
            await new UpgradeOperation(sysroot, host.Settings, host.Progress).CheckAsync(TestContext.Current.CancellationToken);
        }

        documents.Add(Document(host));
        host.Upgrade();
        documents.Add(Document(host));
        host.Rollback();
        documents.Add(Document(host));
        File.WriteAllText(host[host.Deployments[1].OriginPath], "[origin]\nrefspec=os/stable\n");
        documents.Add(Document(host));

        Assert.All(documents, document => Assert.Empty(schema.Check(document)));
    }

    [Fact]
    public void Document_says_what_boots_and_what_to_fall_back_to()
    {
        using var host = new TestHost();
        WrittenImage first = OsImage.Create("1").WriteTo(host.Images);
        host.Switch(first);
        WrittenImage second = OsImage.Create("1").WithVersion("2").WriteTo(host.Images);
        host.Upgrade();

        JsonNode document = JsonNode.Parse(Document(host))!;

        Deployment deployment = host.Deployments[0];
        JsonNode current = document["status"]!["otherDeployments"]![0]!;
        Assert.Equal(
            $$$"""{"image":{"image":{"image":"{{{host.Images}}}:latest","transport":"oci","signature":null},"version":"2","timestamp":"2025-01-02T03:04:05\u002B00:00","imageDigest":"{{{second.ManifestDigest}}}","architecture":"{{{Bootc.Oci.Model.Platform.Current.Architecture}}}"},"cachedUpdate":null,"incompatible":false,"pinned":false,"softRebootCapable":false,"downloadOnly":false,"store":"ostreeContainer","ostree":{"stateroot":"default","checksum":"{{{deployment.Commit}}}","deploySerial":0}}""",
            current.ToJsonString());
        Assert.Equal(first.ManifestDigest, (string?)document["status"]!["rollback"]!["image"]!["imageDigest"]);
        Assert.Equal(host.Images + ":latest", (string?)document["spec"]!["image"]!["image"]);
    }

    [Fact]
    public async Task Update_that_was_seen_is_shown_until_it_is_there()
    {
        using var host = new TestHost();
        host.Switch(OsImage.Create("1").WriteTo(host.Images));
        WrittenImage second = OsImage.Create("1").WithVersion("2").WriteTo(host.Images);
        using (Sysroot sysroot = Sysroot.Open(host.Path))
        {
            await new UpgradeOperation(sysroot, host.Settings, host.Progress).CheckAsync(TestContext.Current.CancellationToken);
        }

        JsonNode seen = JsonNode.Parse(Document(host))!["status"]!["otherDeployments"]![0]!;
        host.Upgrade();
        JsonNode status = JsonNode.Parse(Document(host))!["status"]!;

        Assert.Equal(second.ManifestDigest, (string?)seen["cachedUpdate"]!["imageDigest"]);
        Assert.Null(status["otherDeployments"]![0]!["cachedUpdate"]);
        Assert.Null(status["rollback"]!["cachedUpdate"]);
    }

    private static string Document(TestHost host)
    {
        using Sysroot sysroot = Sysroot.Open(host.Path);
        return Encoding.UTF8.GetString(HostStatusBuilder.Build(sysroot).ToJson());
    }
}
