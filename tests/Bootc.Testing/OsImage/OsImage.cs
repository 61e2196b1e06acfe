// A small OS image for tests, written as an OCI image layout without any code of the project that is under test.
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Bootc.Testing;

/// <summary>
/// An image made of layers. <see cref="Create"/> gives one that boots as far as tests go: a kernel, an initramfs, defaults
/// in <c>/etc</c>, something in <c>/var</c>. In one run, the same calls give the same bytes.
/// </summary>
/// <example>
/// <code>
/// WrittenImage image = OsImage.Create("1").AddLayer(layer => layer.File("usr/bin/hello", "hi")).WriteTo(test["image"]);
/// // oci:/tmp/.../image:latest
/// </code>
/// </example>
public sealed class OsImage
{
    private const string OciPrefix = "application/vnd.oci.image.";
    private readonly List<OsLayer> _layers = [];

    /// <summary>The architecture, in Go's words; this machine's unless set.</summary>
    public string Architecture { get; set; } = System.Runtime.InteropServices.RuntimeInformation.OSArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => "amd64",
        var other => other.ToString().ToLowerInvariant(),
    };

    /// <summary>The labels.</summary>
    public Dictionary<string, string> Labels { get; } = new() { ["containers.bootc"] = "1" };

    /// <summary>When the image says that it was made.</summary>
    public string Created { get; set; } = "2025-01-02T03:04:05Z";

    /// <summary>The layers, lowest first.</summary>
    public IReadOnlyList<OsLayer> Layers => _layers;

    /// <summary>A bootable image of one layer; its version label and os-release say <paramref name="version"/>.</summary>
    public static OsImage Create(string version = "1", string kernel = "6.0")
    {
        OsImage image = new OsImage().AddLayer(layer => layer
            .Directory("boot").Directory("dev").Directory("proc").Directory("run").Directory("sys").Directory("sysroot")
            .Directory("tmp", mode: 0x3FF).SymbolicLink("ostree", "sysroot/ostree")
            .Directory("usr").Directory("usr/bin").SymbolicLink("bin", "usr/bin")
            .File("usr/bin/hello", "#!/bin/sh\necho hello\n", mode: 0x1ED)
            .Directory("usr/lib").Directory("usr/lib/ostree")
            .File("usr/lib/ostree/prepare-root.conf", "[composefs]\nenabled = yes\n")
            .Directory("usr/lib/modules").Directory($"usr/lib/modules/{kernel}")
            .File($"usr/lib/modules/{kernel}/vmlinuz", $"kernel {kernel}\n")
            .File($"usr/lib/modules/{kernel}/initramfs.img", $"initramfs {kernel}\n")
            .Directory("etc").File("etc/motd", "Welcome\n").Directory("etc/app.d").File("etc/app.d/a.conf", "a=1\n").File("etc/app.d/b.conf", "b=1\n")
            .Directory("var").Directory("var/lib").File("var/lib/seed", "from the image\n"));
        return image.WithVersion(version);
    }

    /// <summary>The same image under another version: label, and a layer with its os-release.</summary>
    public OsImage WithVersion(string version)
    {
        Labels["org.opencontainers.image.version"] = version;
        return AddLayer(layer => layer.File("usr/lib/os-release", $"ID=test\nNAME=\"Test OS\"\nPRETTY_NAME=\"Test OS {version}\"\nVERSION_ID={version}\n"));
    }

    /// <summary>Adds a layer on top.</summary>
    public OsImage AddLayer(Action<OsLayer> fill)
    {
        var layer = new OsLayer();
        fill(layer);
        return AddLayer(layer);
    }

    /// <summary>Adds a layer on top.</summary>
    public OsImage AddLayer(OsLayer layer)
    {
        _layers.Add(layer);
        return this;
    }

    /// <summary>Writes the image into a layout, which is made if it is not there; an image of the same tag is replaced.</summary>
    public WrittenImage WriteTo(string layout, string tag = "latest")
    {
        Directory.CreateDirectory(Path.Combine(layout, "blobs", "sha256"));
        File.WriteAllText(Path.Combine(layout, "oci-layout"), """{"imageLayoutVersion":"1.0.0"}""");
        byte[][] tars = [.. _layers.Select(layer => layer.ToTar())];
        JsonObject[] layers = [.. _layers.Zip(tars, (layer, tar) => WriteBlob(layout, layer.Compress(tar), LayerType(layer)))];
        JsonObject config = WriteBlob(layout, Encoding.UTF8.GetBytes(MakeConfig(tars).ToJsonString()), OciPrefix + "config.v1+json");
        var manifest = new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = OciPrefix + "manifest.v1+json",
            ["config"] = config.DeepClone(),
            ["layers"] = new JsonArray([.. layers.Select(layer => layer.DeepClone())]),
        };
        JsonObject descriptor = WriteBlob(layout, Encoding.UTF8.GetBytes(manifest.ToJsonString()), OciPrefix + "manifest.v1+json");
        WriteIndex(layout, tag, descriptor);
        return new WrittenImage(layout, tag, DigestOf(descriptor), DigestOf(config), [.. layers.Select(DigestOf)]);
    }

    /// <summary>Writes images for several architectures and an index of them into a layout.</summary>
    /// <param name="layout">The layout.</param>
    /// <param name="tag">The index's tag.</param>
    /// <param name="images">One image for each architecture.</param>
    public static WrittenIndex WriteIndexTo(string layout, string tag, params OsImage[] images)
    {
        var manifests = new JsonArray();
        var digests = new Dictionary<string, string>();
        foreach (OsImage image in images)
        {
            string digest = image.WriteTo(layout, $"{tag}-{image.Architecture}").ManifestDigest;
            digests[image.Architecture] = digest;
            manifests.Add(new JsonObject
            {
                ["mediaType"] = OciPrefix + "manifest.v1+json",
                ["digest"] = digest,
                ["size"] = new FileInfo(Path.Combine(layout, "blobs", digest.Replace(':', '/'))).Length,
                ["platform"] = new JsonObject { ["architecture"] = image.Architecture, ["os"] = "linux" },
            });
        }

        var index = new JsonObject { ["schemaVersion"] = 2, ["mediaType"] = OciPrefix + "index.v1+json", ["manifests"] = manifests };
        JsonObject descriptor = WriteBlob(layout, Encoding.UTF8.GetBytes(index.ToJsonString()), OciPrefix + "index.v1+json");
        WriteIndex(layout, tag, descriptor);
        return new WrittenIndex(layout, tag, DigestOf(descriptor), digests);
    }

    private JsonObject MakeConfig(byte[][] tars) => new()
    {
        ["created"] = Created,
        ["architecture"] = Architecture,
        ["os"] = "linux",
        ["config"] = new JsonObject { ["Labels"] = new JsonObject(Labels.Select(label => KeyValuePair.Create<string, JsonNode?>(label.Key, label.Value))) },
        ["rootfs"] = new JsonObject
        {
            ["type"] = "layers",
            ["diff_ids"] = new JsonArray([.. tars.Select(tar => JsonValue.Create("sha256:" + Convert.ToHexStringLower(SHA256.HashData(tar))))]),
        },
        ["history"] = new JsonArray([.. _layers.Select((_, i) => new JsonObject { ["created_by"] = $"layer {i}" })]),
    };

    private static string LayerType(OsLayer layer) => OciPrefix + "layer.v1.tar" + (layer.IsCompressed ? "+gzip" : "");

    private static JsonObject WriteBlob(string layout, byte[] content, string type)
    {
        string hex = Convert.ToHexStringLower(SHA256.HashData(content));
        File.WriteAllBytes(Path.Combine(layout, "blobs", "sha256", hex), content);
        return new JsonObject { ["mediaType"] = type, ["digest"] = "sha256:" + hex, ["size"] = content.Length };
    }

    private static void WriteIndex(string layout, string tag, JsonObject descriptor)
    {
        const string Tag = "org.opencontainers.image.ref.name";
        string path = Path.Combine(layout, "index.json");
        JsonArray before = File.Exists(path) ? JsonNode.Parse(File.ReadAllText(path))!["manifests"]!.AsArray() : [];
        descriptor["annotations"] = new JsonObject { [Tag] = tag };
        JsonNode[] others = [.. before.Where(image => (string?)image!["annotations"]?[Tag] != tag).Select(image => image!.DeepClone())];
        File.WriteAllText(path, new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = OciPrefix + "index.v1+json",
            ["manifests"] = new JsonArray([.. others, descriptor]),
        }.ToJsonString());
    }

    private static string DigestOf(JsonObject descriptor) => (string)descriptor["digest"]!;
}
