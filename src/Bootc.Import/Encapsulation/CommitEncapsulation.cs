// From a commit to an image that holds it.
using System.Globalization;
using System.Text.Json.Nodes;
using Bootc.Oci;
using Bootc.Oci.Layers;
using Bootc.Oci.Layers.Chunked;
using Bootc.Oci.Model;
using Bootc.Ostree;
using Bootc.Ostree.GVariant;
using Bootc.Ostree.Objects;

namespace Bootc.Import.Encapsulation;

/// <summary>
/// Writes a commit of a repository as an image from which the very same commit can be imported (format 1 of ostree-ext). The lowest
/// layer has the commit with its directories, the others have files, each those of whole packages. The same commit gives the same
/// image.
/// </summary>
/// <param name="repository">The repository.</param>
/// <param name="commit">The commit.</param>
/// <param name="options">Settings.</param>
public sealed class CommitEncapsulation(Repository repository, Checksum commit, EncapsulationOptions options)
{
    /// <summary>The annotation of a layer that names the packages in it.</summary>
    public const string ComponentsAnnotation = "ostree.components";

    private const char ComponentSeparator = ',';
    private const int BufferSize = 128 * 1024;
    private const string BootableKey = "ostree.bootable";
    private const string LinuxKey = "ostree.linux";
    private const string VersionKey = "version";
    private const string CommandKey = "ostree.container-cmd";
    private static readonly string[] OwnLabels = [OstreeLayout.FinalDiffIdLabel, OstreeLayout.CommitLabel];

    /// <summary>Writes the image.</summary>
    /// <param name="destination">Where to.</param>
    /// <param name="progress">Told of each layer that was written; by several threads.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="OciException">The destination does not take it.</exception>
    /// <exception cref="OstreeException">An object is missing or corrupt.</exception>
    /// <exception cref="ImportException">The commit's package database is malformed.</exception>
    public async Task<EncapsulatedCommit> WriteAsync(IImageDestination destination, IProgress<EncapsulatedLayer>? progress, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaximumLayers, EncapsulationOptions.FewestLayers);
        Commit loaded = repository.LoadCommit(commit);
        CommitContent content = CommitContent.Read(repository, commit);
        List<List<Component>> packing = LayerPacking.Pack(content.Components, options.MaximumLayers - 1, PreviousLayers());
        var layers = new EncapsulatedLayer[packing.Count + 1];
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellation };
        await Parallel.ForAsync(0, layers.Length, parallel, async (i, stop) =>
        {
            List<Component>? components = i == 0 ? null : packing[i - 1];
            layers[i] = await WriteLayerAsync(destination, components, writer =>
            {
                if (components is null)
                {
                    writer.WriteCommit(commit, loaded, content.Remainder);
                }
                else
                {
                    writer.WriteObjects(components.SelectMany(component => component.Objects));
                }
            }, components is null ? DescriptionOf(loaded) : NameOf(components), stop).ConfigureAwait(false);
            progress?.Report(layers[i]);
        }).ConfigureAwait(false);
        return new EncapsulatedCommit(await WriteManifestAsync(destination, loaded, layers, cancellation).ConfigureAwait(false), layers);
    }

    private async Task<EncapsulatedLayer> WriteLayerAsync(
        IImageDestination destination, List<Component>? components, Action<OstreeLayerWriter> write, string name, CancellationToken cancellation)
    {
        WrittenLayer? written = null;
        Descriptor layer = await destination.WriteBlobAsync(LayerCompressor.MediaTypeOf(options.Compression), (output, stop) =>
        {
            using Stream tar = LayerStream.Produce((stream, ending) => WriteTar(stream, write, ending), stop);
            written = LayerCompressor.Write(tar, output, options.Compression, options.CompressFast, stop);
            return Task.CompletedTask;
        }, cancellation).ConfigureAwait(false);
        string[] names = components is null ? [] : [.. components.Select(component => component.Name).Order(StringComparer.Ordinal)];
        Dictionary<string, string> annotations = written!.Descriptor.Annotations ?? [];
        if (components is not null)
        {
            annotations[ComponentsAnnotation] = string.Join(ComponentSeparator, names);
        }

        return new EncapsulatedLayer(name, annotations.Count > 0 ? layer with { Annotations = annotations } : layer, written.DiffId, names);
    }

    private void WriteTar(Stream output, Action<OstreeLayerWriter> write, CancellationToken cancellation)
    {
        var buffered = new BufferedStream(output, BufferSize); // not disposed, since the output is not ours
        using (var writer = new OstreeLayerWriter(repository, buffered, cancellation))
        {
            write(writer);
        }

        buffered.Flush();
    }

    // Only layers that say what is in them can be kept; the first one, of the commit, is another one each time.
    private List<IReadOnlyList<string>>? PreviousLayers() => options.Previous?.Layers
        .Skip(1)
        .Select(layer => layer.Annotations?.GetValueOrDefault(ComponentsAnnotation))
        .OfType<string>()
        .Select(names => (IReadOnlyList<string>)names.Split(ComponentSeparator, StringSplitOptions.RemoveEmptyEntries))
        .ToList();

    private async Task<Digest> WriteManifestAsync(IImageDestination destination, Commit loaded, EncapsulatedLayer[] layers, CancellationToken cancellation)
    {
        JsonObject config = ConfigOf(loaded, layers, out SortedDictionary<string, string> labels);
        byte[] configBytes = CanonicalJson.Serialize(config);
        Descriptor descriptor = await destination.WriteBlobAsync(
            MediaTypes.OciConfig, (output, stop) => output.WriteAsync(configBytes, stop).AsTask(), cancellation).ConfigureAwait(false);
        var manifest = new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = MediaTypes.OciManifest,
            ["config"] = ToJson(descriptor),
            ["layers"] = new JsonArray([.. layers.Select(layer => (JsonNode?)ToJson(layer.Layer))]),
            ["annotations"] = ToJson(labels),
        };
        return await destination.WriteManifestAsync(CanonicalJson.Serialize(manifest), MediaTypes.OciManifest, cancellation).ConfigureAwait(false);
    }

    // A commit that was an image once keeps what it said of its containers.
    private JsonObject ConfigOf(Commit loaded, EncapsulatedLayer[] layers, out SortedDictionary<string, string> labels)
    {
        JsonObject? original = loaded.Metadata.TryGetString(ImageStore.ConfigKey) is { } text ? JsonNode.Parse(text) as JsonObject : null;
        string created = TimeOf(loaded);
        JsonObject container = original?["config"] is JsonObject known ? (JsonObject)known.DeepClone() : [];
        labels = LabelsOf(loaded, container["Labels"] as JsonObject, layers[^1].DiffId);
        container["Labels"] = ToJson(labels);
        if (loaded.Metadata.TryGet(CommandKey) is { Type: "as" } command)
        {
            container["Cmd"] = new JsonArray([.. command.AsStringArray().Select(word => (JsonNode?)JsonValue.Create(word))]);
        }

        var config = new JsonObject
        {
            ["created"] = created,
            ["architecture"] = original?["architecture"]?.DeepClone() ?? options.Platform.Architecture,
            ["os"] = original?["os"]?.DeepClone() ?? options.Platform.OperatingSystem,
            ["config"] = container,
            ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = new JsonArray([.. layers.Select(layer => (JsonNode?)JsonValue.Create(layer.DiffId.ToString()))]) },
            ["history"] = new JsonArray([.. layers.Select(layer => (JsonNode?)new JsonObject { ["created"] = created, ["created_by"] = layer.Name })]),
        };
        if (original?["variant"] is { } variant)
        {
            config["variant"] = variant.DeepClone();
        }

        return config;
    }

    private SortedDictionary<string, string> LabelsOf(Commit loaded, JsonObject? original, Digest final)
    {
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach ((string key, JsonNode? value) in original ?? [])
        {
            if (value is JsonValue text && text.TryGetValue(out string? label) && !OwnLabels.Contains(key))
            {
                labels[key] = label;
            }
        }

        if (loaded.Metadata.TryGetBoolean(BootableKey) is { } bootable)
        {
            labels[BootableKey] = bootable ? "true" : "false";
            labels["containers.bootc"] = "1";
        }

        if (loaded.Metadata.TryGetString(LinuxKey) is { } linux)
        {
            labels[LinuxKey] = linux;
        }

        if (loaded.Metadata.TryGetString(VersionKey) is { } version)
        {
            labels[VersionKey] = version;
            labels["org.opencontainers.image.version"] = version;
        }

        foreach ((string key, string value) in options.Labels)
        {
            labels[key] = value;
        }

        labels[OstreeLayout.CommitLabel] = commit.ToString();
        labels[OstreeLayout.FinalDiffIdLabel] = final.ToString();
        return labels;
    }

    private string DescriptionOf(Commit loaded) => loaded.Subject.Length > 0 ? loaded.Subject : $"ostree export of commit {commit}";

    private static string NameOf(List<Component> components) => components.Count switch
    {
        0 => "Reserved for new packages",
        <= 5 => string.Join(" and ", components.Select(component => component.Name)),
        var count => $"{count} components",
    };

    private static string TimeOf(Commit loaded) => DateTimeOffset.FromUnixTimeSeconds((long)Math.Min(loaded.Timestamp, 253402300799UL)) // the end of the year 9999
        .ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static JsonObject ToJson(Descriptor descriptor)
    {
        var json = new JsonObject { ["mediaType"] = descriptor.MediaType, ["digest"] = descriptor.Digest.ToString(), ["size"] = descriptor.Size };
        if (descriptor.Annotations is { } annotations)
        {
            json["annotations"] = ToJson(annotations);
        }

        return json;
    }

    private static JsonObject ToJson(IEnumerable<KeyValuePair<string, string>> entries) =>
        new(entries.Select(entry => KeyValuePair.Create(entry.Key, (JsonNode?)JsonValue.Create(entry.Value))));
}
