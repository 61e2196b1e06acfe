// Images that cannot be used: each gives one clear error, and the host is as it was.
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Bootc.Import;
using Bootc.Oci;
using Bootc.Testing;

namespace Bootc.Deployments.Tests;

public class BadImageTests
{
    [Fact]
    public void Image_without_kernel_is_refused()
    {
        AssertRefused<DeploymentException>(
            image => image.AddLayer(layer => layer.Whiteout("usr/lib/modules/6.0")),
            "IMAGE is not bootable: it has no kernel at /usr/lib/modules/VERSION/vmlinuz");
    }

    [Fact]
    public void Image_without_os_release_is_refused()
    {
        AssertRefused<DeploymentException>(
            image => image.AddLayer(layer => layer.Whiteout("usr/lib/os-release")),
            "IMAGE is not bootable: it has no /usr/lib/os-release to name it in the boot menu");
    }

    [Fact]
    public void Image_whose_os_release_gives_no_name_is_refused()
    {
        AssertRefused<DeploymentException>(
            image => image.AddLayer(layer => layer.File("usr/lib/os-release", "VERSION_ID=9\n")),
            "the image's os-release has neither PRETTY_NAME nor ID");
    }

    [Fact]
    public void Image_of_another_architecture_is_refused()
    {
        AssertRefused<ImportException>(
            image =>
            {
                image.Architecture = "s390x";
                return image;
            },
            $"IMAGE is an image for linux/s390x, and this machine is {Bootc.Oci.Model.Platform.Current}");
    }

    [Fact]
    public void Layer_with_other_bytes_is_refused()
    {
        AssertRefused<DigestMismatchException>(
            image => image,
            "blob LAYER in ",
            written => Edit(written, bytes => bytes[bytes.Length / 2] ^= 1));
    }

    [Fact]
    public void Layer_that_ends_early_is_refused()
    {
        AssertRefused<OciException>(
            image => image,
            "LAYER",
            written => File.WriteAllBytes(written.BlobPath(written.LayerDigests[^1]), File.ReadAllBytes(written.BlobPath(written.LayerDigests[^1]))[..^100]));
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("zstd")]
    public void Layer_whose_compressed_stream_ends_early_is_refused(string compression)
    {
        AssertRefused<LayerFormatException>(
            image => image,
            "LAYER",
            written => Republish(written, tar => Compress(compression, tar)[..^20], "+" + compression));
    }

    [Theory]
    [InlineData("")]
    [InlineData("gzip")]
    [InlineData("zstd")]
    public void Layer_with_another_diff_id_is_refused(string compression)
    {
        AssertRefused<LayerFormatException>(
            image => image,
            "layer LAYER is not the layer that the image's configuration names: expected diff-id ",
            written => Republish(written, tar => Compress(compression, [.. tar, .. new byte[1024]]), compression.Length == 0 ? "" : "+" + compression));
    }

    [Theory]
    [InlineData("/etc/shadow/../../escaped")]
    [InlineData("../escaped")]
    [InlineData("usr/bin/../../../escaped")]
    public void Name_that_leads_out_of_the_tree_is_refused(string name) =>
        AssertRefused<ImportException>(image => image.AddLayer(layer => layer.File(name, "x")), "LAYER");

    [Fact]
    public void Entry_below_a_link_is_refused() =>
        AssertRefused<ImportException>(image => image.AddLayer(layer => layer.SymbolicLink("usr/out", "/tmp").File("usr/out/escaped", "x")), "LAYER");

    [Fact]
    public void Hard_link_out_of_the_tree_is_refused() =>
        AssertRefused<ImportException>(image => image.AddLayer(layer => layer.HardLink("usr/passwd", "../../etc/passwd")), "LAYER");

    [Theory]
    [InlineData(401, "access to the manifest of IMAGE is refused: ")]
    [InlineData(403, "access to the manifest of IMAGE is refused: ")]
    [InlineData(404, "there is no manifest of IMAGE: ")]
    [InlineData(429, "cannot fetch the manifest of IMAGE: ")]
    [InlineData(500, "cannot fetch the manifest of IMAGE: ")]
    public void Registry_that_refuses_is_told(int status, string expected) =>
        AssertRegistryRefused(_ => new ScriptedAnswer(status), $"{expected}HOST answered {status}");

    [Theory]
    [InlineData("application/vnd.docker.distribution.manifest.v1+prettyjws")]
    [InlineData("text/html")]
    public void Manifest_of_the_wrong_type_is_refused(string type) =>
        AssertRegistryRefused(_ => new ScriptedAnswer(200, $$"""{"schemaVersion":1,"mediaType":"{{type}}"}""").With("Content-Type", type), type);

    [Fact]
    public void Registry_that_stalls_is_given_up() =>
        AssertRegistryRefused(_ => new ScriptedAnswer(200, new byte[1000]) { BreakAfter = 10, Stalls = true }, "nothing came for 0.5 seconds (tried 5 times)");

    [Fact]
    public void Registry_that_stalls_within_a_layer_is_given_up()
    {
        using var images = new TestDirectory("images");
        WrittenImage written = OsImage.Create("2").WriteTo(images["layout"]);
        string layer = written.LayerDigests[^1];
        AssertRegistryRefused(
            request => !request.Path.EndsWith(layer, StringComparison.Ordinal)
                ? Serve(written, request)
                : Serve(written, request) with { BreakAfter = 100, Stalls = true },
            $"cannot fetch blob {layer} of IMAGE: after 100 of ");
    }

    [Fact]
    public void Layer_that_is_not_there_is_refused()
    {
        AssertRefused<OciException>(image => image, "LAYER", written => File.Delete(written.BlobPath(written.LayerDigests[^1])));
    }

    [Fact]
    public void Manifest_with_other_bytes_is_refused()
    {
        AssertRefused<OciException>(image => image, "MANIFEST", written => File.AppendAllText(written.BlobPath(written.ManifestDigest), " "));
    }

    [Fact]
    public void Entry_that_leads_out_of_the_tree_is_refused()
    {
        AssertRefused<ImportException>(image => image.AddLayer(layer => layer.File("usr/../../etc/shadow", "root::")), "LAYER");
    }

    [Fact]
    public void Reference_to_nothing_is_refused()
    {
        using var host = Installed();
        string before = host.State;

        var refusal = Assert.Throws<ImageNotFoundException>(() => host.Switch($"oci:{host.Images}:absent"));

        Assert.Equal($"{host.Images} has no image 'absent', only latest", refusal.Message);
        Assert.Equal(before, host.State);
    }

    [Fact]
    public void Image_without_the_label_is_deployed_with_a_warning()
    {
        using var host = new TestHost();
        OsImage image = OsImage.Create("1");
        image.Labels.Remove("containers.bootc");

        OperationOutcome outcome = host.Switch(image.WriteTo(host.Images));

        Assert.Equal(OperationOutcome.Changed, outcome);
        Assert.Equal([$"oci:{host.Images}:latest does not say that it is a bootable OS image (label containers.bootc=1)"], host.Progress.Warnings);
    }

    [Fact]
    public void Both_etc_and_usr_etc_of_an_image_are_the_defaults_together()
    {
        using var host = new TestHost();

        host.Switch(OsImage.Create("1").AddLayer(layer => layer.File("usr/etc/extra.conf", "more\n").File("usr/etc/motd", "Later\n")).WriteTo(host.Images));

        string etc = host[host.Deployments[0].Path + "/etc"];
        Assert.Equal("more\n", File.ReadAllText(Path.Combine(etc, "extra.conf")));
        Assert.Equal("Later\n", File.ReadAllText(Path.Combine(etc, "motd")));
        Assert.Equal("a=1\n", File.ReadAllText(Path.Combine(etc, "app.d/a.conf")));
    }

    [Theory]
    [InlineData("""{"default":[{"type":"reject"}]}""", "rejects IMAGE")]
    [InlineData("""{"default":[{"type":"insecureAcceptAnything"}],"transports":{"oci":{"LAYOUT":[{"type":"reject"}]}}}""", "rejects IMAGE")]
    [InlineData("""{"default":[{"type":"insecureAcceptAnything"}],"transports":{"oci":{"":[{"type":"reject"}]}}}""", "rejects IMAGE")]
    [InlineData("""{"default":[{"type":"sigstoreSigned","keyPath":"/k"}]}""", "refuses IMAGE (the default): sigstoreSigned by /k, for the very name, or the repository of an image by digest: the key /k cannot be read: it is not there")]
    [InlineData("""{"default":[{"type":"insecureAcceptAnything"},{"type":"signedBy"}]}""", "is malformed, so nothing may be used: 'default[1].keyType' is missing")]
    [InlineData("""{"default":[]}""", "is malformed, so nothing may be used: 'default' has no requirements")]
    [InlineData("""{}""", "is malformed, so nothing may be used: 'default' is missing")]
    [InlineData("""{"default":""", "is malformed, so nothing may be used")]
    public void Policy_is_obeyed(string policy, string expected)
    {
        using var host = Installed();
        WrittenImage image = OsImage.Create("2").WriteTo(host.Images);
        WritePolicy(host, policy.Replace("LAYOUT", host.Images));
        string before = host.State;

        var refusal = Assert.Throws<PolicyRejectedException>(() => host.Upgrade());

        Assert.Contains(expected.Replace("IMAGE", image.Reference), refusal.Message);
        Assert.Equal(before, host.State);
    }

    [Fact]
    public void Only_an_image_that_is_signed_is_deployed()
    {
        Oracle.Require();
        using var host = Installed();
        string password = host.Beside("password");
        File.WriteAllText(password, "secret");
        Oracle.Run("skopeo", "generate-sigstore-key", "--output-prefix", host.Beside("key"), "--passphrase-file", password).Succeeded();
        string image = OsImage.Create("2").WriteTo(host.Beside("next")).Reference;
        string[] sign = ["--sign-by-sigstore-private-key", host.Beside("key.private"), "--sign-passphrase-file", password, "--sign-identity", "example.com/os:1"];
        Oracle.Run("skopeo", "--insecure-policy", "copy", "-q", image, $"dir:{host.Beside("unsigned")}").Succeeded();
        Oracle.Run("skopeo", ["--insecure-policy", "copy", "-q", .. sign, image, $"dir:{host.Beside("signed")}"]).Succeeded();
        WritePolicy(host, $$"""
            {"default":[{"type":"sigstoreSigned","keyPath":"{{host.Beside("key.pub")}}","signedIdentity":{"type":"exactRepository","dockerRepository":"example.com/os"} }]}
            """);
        string before = host.State;

        var refusal = Assert.Throws<PolicyRejectedException>(() => host.Switch($"dir:{host.Beside("unsigned")}"));

        Assert.EndsWith("for the repository example.com/os: there is no such signature", refusal.Message);
        Assert.Equal(before, host.State);
        Assert.Equal(OperationOutcome.Changed, host.Switch($"dir:{host.Beside("signed")}"));
        Assert.Equal(OperationOutcome.Unchanged, host.Upgrade());
    }

    [Fact]
    public void Narrower_scope_of_the_policy_wins()
    {
        using var host = Installed();
        OsImage.Create("2").WriteTo(host.Images);
        WritePolicy(host, """{"default":[{"type":"reject"}],"transports":{"oci":{"LAYOUT":[{"type":"insecureAcceptAnything"}]}}}""".Replace("LAYOUT", host.Images));

        Assert.Equal(OperationOutcome.Changed, host.Upgrade());
    }

    [Theory]
    [InlineData("", "not enough space for the repository ")]
    [InlineData("min-free-space-percent=0\n", "No space left on device (ENOSPC)")]
    public void Full_disk_leaves_the_host_as_it_was(string config, string expected)
    {
        using TestHost host = TestHost.OnSmallDisk(12);
        File.AppendAllText(host["ostree/repo/config"], config);
        host.Switch(OsImage.Create("1").WriteTo(host.Images));
        byte[] large = new byte[20_000_000];
        new Random(1).NextBytes(large);
        OsImage.Create("1").AddLayer(layer => layer.File("usr/lib/large", large)).WriteTo(host.Images);
        string before = host.State;

        var refusal = Assert.ThrowsAny<Exception>(() => host.Upgrade());

        TestContext.Current.TestOutputHelper?.WriteLine(Causes(refusal));
        Assert.Contains(expected, Causes(refusal));
        Assert.Equal(before, host.State);
        OsImage.Create("1").WithVersion("3").WriteTo(host.Images);
        Assert.Equal(OperationOutcome.Changed, host.Upgrade());
    }

    [Fact]
    public void Full_boot_partition_leaves_the_host_as_it_was()
    {
        using TestHost host = TestHost.OnSmallDisk(2, "boot");
        host.Switch(OsImage.Create("1").WriteTo(host.Images));
        OsImage.Create("1").AddLayer(layer => layer
            .File("usr/lib/modules/6.0/vmlinuz", new byte[1_200_000]).File("usr/lib/modules/6.0/initramfs.img", new byte[1_200_000])).WriteTo(host.Images); // each would fit
        string before = host.State;

        var refusal = Assert.Throws<DeploymentException>(() => host.Upgrade());

        Assert.Matches($"^{host.Path}/boot has no room for vmlinuz-6.0, initramfs-6.0.img: 2.5 MB are needed, [01]\\.[0-9] MB are free$", refusal.Message);
        Assert.Equal(before, host.State);
        OsImage.Create("1").WithVersion("3").WriteTo(host.Images);
        Assert.Equal(OperationOutcome.Changed, host.Upgrade());
        Assert.Equal(2, Directory.GetDirectories(host["ostree/deploy/default/deploy"]).Length);
    }

    // Upgrades a host to a bad image; IMAGE, LAYER and MANIFEST in the expected message stand for what they name.
    private static void AssertRefused<T>(Func<OsImage, OsImage> make, string expected, Action<WrittenImage>? damage = null)
        where T : Exception
    {
        using var host = Installed();
        WrittenImage written = make(OsImage.Create("1").WithVersion("2")).WriteTo(host.Images);
        damage?.Invoke(written);
        string before = host.State;

        var refusal = Assert.ThrowsAny<T>(() => host.Upgrade());

        TestContext.Current.TestOutputHelper?.WriteLine(Causes(refusal));
        Assert.Contains(
            expected.Replace("IMAGE", written.Reference).Replace("LAYER", written.LayerDigests[^1]).Replace("MANIFEST", written.ManifestDigest),
            Causes(refusal));
        Assert.Equal(before, host.State);
        OsImage.Create("1").WithVersion("3").WriteTo(host.Images);
        Assert.Equal(OperationOutcome.Changed, host.Upgrade());
    }

    // Switches a host to an image of a registry that answers so.
    private static void AssertRegistryRefused(Func<ScriptedRequest, ScriptedAnswer> answer, string expected)
    {
        using var host = Installed();
        using var server = new ScriptedServer(answer);
        string image = $"{server.Address}/os/image:1";
        string before = host.State;

        var refusal = Assert.ThrowsAny<OciException>(() => host.Switch("docker://" + image));

        TestContext.Current.TestOutputHelper?.WriteLine(Causes(refusal));
        Assert.Contains(expected.Replace("IMAGE", image).Replace("HOST", server.Address), Causes(refusal));
        Assert.Equal(before, host.State);
    }

    private static ScriptedAnswer Serve(WrittenImage image, ScriptedRequest request)
    {
        bool isManifest = request.Path.Contains("/manifests/");
        var answer = new ScriptedAnswer(200, File.ReadAllBytes(image.BlobPath(isManifest ? image.ManifestDigest : request.Path.Split('/')[^1])));
        return isManifest ? answer.With("Content-Type", "application/vnd.oci.image.manifest.v1+json") : answer;
    }

    // Makes another blob of the last layer's tar and lets the manifest name that blob; the configuration stays.
    private static void Republish(WrittenImage image, Func<byte[], byte[]> make, string suffix)
    {
        using var tar = new MemoryStream();
        using (var gzip = new GZipStream(File.OpenRead(image.BlobPath(image.LayerDigests[^1])), CompressionMode.Decompress))
        {
            gzip.CopyTo(tar);
        }

        JsonNode manifest = JsonNode.Parse(File.ReadAllBytes(image.BlobPath(image.ManifestDigest)))!;
        manifest["layers"]!.AsArray()[^1] = Store(image, make(tar.ToArray()), "application/vnd.oci.image.layer.v1.tar" + suffix);
        image.LayerDigests[^1] = (string)manifest["layers"]!.AsArray()[^1]!["digest"]!;
        string index = Path.Combine(image.Layout, "index.json");
        JsonNode document = JsonNode.Parse(File.ReadAllBytes(index))!;
        JsonNode described = document["manifests"]!.AsArray().Single()!;
        JsonObject stored = Store(image, Encoding.UTF8.GetBytes(manifest.ToJsonString()), (string)described["mediaType"]!);
        described["digest"] = stored["digest"]!.DeepClone();
        described["size"] = stored["size"]!.DeepClone();
        File.WriteAllText(index, document.ToJsonString());
    }

    private static JsonObject Store(WrittenImage image, byte[] content, string type)
    {
        string digest = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(content));
        File.WriteAllBytes(image.BlobPath(digest), content);
        return new JsonObject { ["mediaType"] = type, ["digest"] = digest, ["size"] = content.Length };
    }

    private static byte[] Compress(string compression, byte[] content)
    {
        if (compression.Length == 0)
        {
            return content;
        }

        Peer.Require(compression);
        using var folder = new TestDirectory("compress");
        File.WriteAllBytes(folder["layer"], content);
        Peer.Run("sh", "-c", $"{compression} -q -c {folder["layer"]} > {folder["out"]}").Succeeded();
        return File.ReadAllBytes(folder["out"]);
    }

    private static TestHost Installed()
    {
        var host = new TestHost();
        host.Switch(OsImage.Create("1").WriteTo(host.Images));
        return host;
    }

    private static void Edit(WrittenImage image, Action<byte[]> edit)
    {
        string path = image.BlobPath(image.LayerDigests[^1]);
        byte[] bytes = File.ReadAllBytes(path);
        edit(bytes);
        File.WriteAllBytes(path, bytes);
    }

    private static void WritePolicy(TestHost host, string policy)
    {
        string folder = Path.Combine(host.Settings.Root, "etc/containers");
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "policy.json"), policy);
    }

    private static string Causes(Exception e)
    {
        var text = new StringBuilder();
        for (Exception? cause = e; cause is not null; cause = cause.InnerException)
        {
            text.AppendLine(cause.Message);
        }

        return text.ToString();
    }
}
