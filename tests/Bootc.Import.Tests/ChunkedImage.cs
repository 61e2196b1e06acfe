// Images whose layers are zstd:chunked, written by skopeo, by podman or by ourselves.
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using Bootc.Oci.Layers.Chunked;
using Bootc.Oci.Model;
using Bootc.Testing;

namespace Bootc.Import.Tests;

internal static class ChunkedImage
{
    /// <summary>Writes an image into a layout with zstd:chunked layers.</summary>
    /// <param name="image">The image.</param>
    /// <param name="writer"><c>skopeo</c>, <c>podman</c>, or <c>bootc</c> for ourselves.</param>
    /// <param name="layout">The layout.</param>
    /// <param name="tag">The tag.</param>
    public static void Write(OsImage image, string writer, string layout, string tag)
    {
        string plain = $"{layout}-plain";
        image.WriteTo(plain, tag);
        if (writer == "skopeo")
        {
            Oracle.Run("skopeo", "--insecure-policy", "copy", "-q", "--dest-compress-format", "zstd:chunked", $"oci:{plain}:{tag}", $"oci:{layout}:{tag}").Succeeded();
            return;
        }

        if (writer == "podman")
        {
            Oracle.Require("podman");
            string[] store = ["--root", $"{layout}-store", "--runroot", $"{layout}-run", "--storage-driver", "vfs"];
            string id = Oracle.Run("podman", [.. store, "pull", "-q", $"oci:{plain}:{tag}"]).Succeeded().Trim();
            Oracle.Run("podman", [.. store, "push", "-q", "--compression-format", "zstd:chunked", id, $"oci:{layout}:{tag}"]).Succeeded();
            return;
        }

        ChangeLayers(plain, layout, tag, (blob, _) =>
        {
            using var tar = new GZipStream(new MemoryStream(blob), CompressionMode.Decompress);
            var chunked = new MemoryStream();
            WrittenLayer written = ChunkedLayerWriter.Write(tar, chunked);
            return (chunked.ToArray(), written.Descriptor.Annotations!);
        });
    }

    /// <summary>Copies an image from one layout to another, or the same, with each layer's blob and annotations changed.</summary>
    /// <param name="from">The layout that has it.</param>
    /// <param name="to">The layout that gets it.</param>
    /// <param name="tag">Its tag in both.</param>
    /// <param name="change">Makes the new blob and annotations of a layer.</param>
    /// <param name="claimed">The digest under which layers are given, whatever theirs is.</param>
    public static void ChangeLayers(
        string from, string to, string tag, Func<byte[], Dictionary<string, string>, (byte[] Blob, Dictionary<string, string> Annotations)> change, Digest? claimed = null)
    {
        Directory.CreateDirectory(Path.Combine(to, "blobs", "sha256"));
        File.WriteAllText(Path.Combine(to, "oci-layout"), """{"imageLayoutVersion":"1.0.0"}""");
        JsonNode index = JsonNode.Parse(File.ReadAllText(Path.Combine(from, "index.json")))!;
        JsonNode image = index["manifests"]!.AsArray().First(image => (string?)image!["annotations"]?["org.opencontainers.image.ref.name"] == tag)!;
        JsonNode manifest = JsonNode.Parse(ReadBlob(from, (string)image["digest"]!))!;
        WriteBlob(to, ReadBlob(from, (string)manifest["config"]!["digest"]!));
        foreach (JsonNode? layer in manifest["layers"]!.AsArray())
        {
            var annotations = new Dictionary<string, string>((layer!["annotations"]?.AsObject() ?? []).Select(pair => KeyValuePair.Create(pair.Key, (string)pair.Value!)));
            (byte[] blob, annotations) = change(ReadBlob(from, (string)layer["digest"]!), annotations);
            layer["mediaType"] = MediaTypes.OciLayerZstd;
            layer["digest"] = WriteBlob(to, blob, claimed);
            layer["size"] = blob.Length;
            layer["annotations"] = new JsonObject(annotations.Select(pair => KeyValuePair.Create<string, JsonNode?>(pair.Key, pair.Value)));
        }

        byte[] bytes = Encoding.UTF8.GetBytes(manifest.ToJsonString());
        var entry = new JsonObject
        {
            ["mediaType"] = MediaTypes.OciManifest,
            ["digest"] = WriteBlob(to, bytes),
            ["size"] = bytes.Length,
            ["annotations"] = new JsonObject { ["org.opencontainers.image.ref.name"] = tag },
        };
        string path = Path.Combine(to, "index.json");
        JsonNode[] others = File.Exists(path)
            ? [.. JsonNode.Parse(File.ReadAllText(path))!["manifests"]!.AsArray().Where(other => (string?)other!["annotations"]?["org.opencontainers.image.ref.name"] != tag).Select(other => other!.DeepClone())]
            : [];
        File.WriteAllText(path, new JsonObject { ["schemaVersion"] = 2, ["manifests"] = new JsonArray([.. others, entry]) }.ToJsonString());
    }

    private static byte[] ReadBlob(string layout, string digest) => File.ReadAllBytes(Path.Combine(layout, "blobs", digest.Replace(':', '/')));

    private static string WriteBlob(string layout, byte[] content, Digest? claimed = null)
    {
        string digest = (claimed ?? Digest.Compute(content)).ToString();
        File.WriteAllBytes(Path.Combine(layout, "blobs", digest.Replace(':', '/')), content);
        return digest;
    }
}
