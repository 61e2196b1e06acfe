// Where podman, buildah and CRI-O keep images on this machine, read without them.
using System.Text;
using System.Text.Json;
using Bootc.Linux;
using Bootc.Oci.Model;
using Bootc.Oci.Registry;
using Tomlyn.Model;

namespace Bootc.Oci.Transports;

/// <summary>
/// A store of https://github.com/containers/storage: the lists of images and layers, the documents of each image, and for
/// each layer a directory of files and the rest of its tar stream (tar-split), of which that is put together again.
/// </summary>
internal sealed class ContainersStorage : IDisposable
{
    private const string DefaultRoot = "/var/lib/containers/storage";
    private const int MaximumList = 256 << 20;

    private readonly DirectoryHandle _root;
    private readonly string _driver;
    private readonly StorageImage[] _images;
    private readonly Dictionary<string, StorageLayer> _layers;

    private ContainersStorage(DirectoryHandle root, string driver)
    {
        _root = root;
        _driver = driver;
        _images = ReadList($"{driver}-images/images.json", OciJson.Default.StorageImageArray);
        _layers = ReadList($"{driver}-layers/layers.json", OciJson.Default.StorageLayerArray).ToDictionary(layer => layer.Id, StringComparer.Ordinal);
    }

    /// <summary>The store's directory.</summary>
    public string Path => _root.DisplayPath;

    /// <summary>Opens the stores that a name means: the one in <c>[DRIVER@ROOT+RUN]</c> before it, or those of storage.conf(5).</summary>
    /// <param name="name">The name; what stands before the image's own is removed from it.</param>
    /// <param name="options">Where settings are.</param>
    /// <exception cref="OciException">There is no store, or it is of a kind that cannot be read.</exception>
    public static IReadOnlyList<ContainersStorage> Open(ref string name, OciOptions options)
    {
        (string configured, string? driver, string[] more) = ReadPlace(ref name) is { } place ? (place.Root, place.Driver, Array.Empty<string>()) : ReadSettings(options);
        string[] roots = [.. new[] { configured }.Concat(more).Where(Directory.Exists)];
        return roots.Length > 0
            ? [.. roots.Select(root => Open(root, driver))]
            : throw new OciException($"there is no storage of podman or buildah at {string.Join(", ", new[] { configured }.Concat(more))}");
    }

    /// <summary>Where the store is that a name means; those that it only adds to its own images are not meant.</summary>
    /// <param name="name">The name; what stands before the image's own is removed from it.</param>
    /// <param name="options">Where settings are.</param>
    /// <exception cref="OciException">It cannot be opened, or is of a kind that cannot be read.</exception>
    public static (string Root, string Driver) FindPlace(ref string name, OciOptions options)
    {
        (string root, string? driver, _) = ReadPlace(ref name) is { } place ? (place.Root, place.Driver, Array.Empty<string>()) : ReadSettings(options);
        using ContainersStorage store = Open(root, driver);
        return (System.IO.Path.GetFullPath(root), store._driver);
    }

    private static (string Root, string? Driver)? ReadPlace(ref string name)
    {
        if (!name.StartsWith('['))
        {
            return null;
        }

        int end = name.IndexOf(']');
        string place = end > 0 ? name[1..end] : throw new OciException($"'{name}' begins with '[' for a store and has no ']'");
        name = name[(end + 1)..];
        int at = place.IndexOf('@');
        return (place[(at + 1)..].Split('+', ':')[0], at > 0 ? place[..at] : null);
    }

    /// <summary>The image of a name, an ID or a digest.</summary>
    public StorageImage? Find(string name)
    {
        HashSet<string> names = [.. SpellingsOf(name)];
        return Array.Find(_images, image => image.Names?.Any(names.Contains) ?? false)
            ?? Array.Find(_images, image => image.Id == name.TrimStart('@').Replace("sha256:", "", StringComparison.Ordinal) || image.Digest == name.TrimStart('@'))
            ?? (name.Length >= 6 && name.All(char.IsAsciiHexDigitLower) && _images.Where(image => image.Id.StartsWith(name, StringComparison.Ordinal)).ToArray() is [var only] ? only : null);
    }

    /// <summary>The names of all images, for messages.</summary>
    public IEnumerable<string> Names => _images.SelectMany(image => image.Names ?? []);

    /// <summary>A document that belongs to an image: <c>manifest</c>, or the configuration under its digest.</summary>
    /// <exception cref="OciException">It is missing, or too large.</exception>
    public byte[] ReadDocument(StorageImage image, string key, long limit)
    {
        string path = $"{_driver}-images/{image.Id}/{FileNameOf(key)}";
        FileStatus status = _root.TryGetStatus(path) ?? throw new ImageNotFoundException($"the image {image.Id} in {Path} has no {key}");
        return status.Size <= limit ? _root.ReadAllBytes(path) : throw new ManifestException($"{key} of the image {image.Id} in {Path} has {status.Size} bytes, and at most {limit} are expected");
    }

    /// <summary>The layers of an image, the lowest first.</summary>
    /// <exception cref="OciException">One is missing.</exception>
    public IReadOnlyList<StorageLayer> LayersOf(StorageImage image)
    {
        var layers = new List<StorageLayer>();
        for (string id = image.TopLayer ?? ""; id.Length > 0;)
        {
            StorageLayer layer = _layers.GetValueOrDefault(id) ?? throw new ImageNotFoundException($"the image {image.Id} in {Path} lacks its layer {id}");
            layers.Insert(0, layer);
            id = layers.Count <= _layers.Count ? layer.Parent ?? "" : throw new ManifestException($"the layers in {Path} are each other's parents");
        }

        return layers;
    }

    /// <summary>A layer's tar stream.</summary>
    /// <exception cref="OciException">The store does not have all of it.</exception>
    public Stream OpenLayer(StorageLayer layer)
    {
        string split = $"{_driver}-layers/{layer.Id}.tar-split.gz";
        var entries = _root.TryOpenFile(split) ?? throw new LayerFormatException($"the layer {layer.Id} in {Path} cannot be put together: {split} is missing");
        return new TarSplitStream(entries, _root.OpenDirectory(_driver == "vfs" ? $"vfs/dir/{layer.Id}" : $"overlay/{layer.Id}/diff"), $"the layer {layer.Id} in {Path}");
    }

    /// <inheritdoc/>
    public void Dispose() => _root.Dispose();

    private static ContainersStorage Open(string root, string? driver)
    {
        DirectoryHandle directory;
        try
        {
            directory = DirectoryHandle.Open(root);
        }
        catch (LinuxException e)
        {
            throw new OciException($"the storage {root} cannot be opened: {LinuxException.Describe(e.Error)}", e);
        }

        try
        {
            string found = string.IsNullOrEmpty(driver) ? new[] { "overlay", "vfs" }.FirstOrDefault(name => directory.Exists($"{name}-images")) ?? "overlay" : driver;
            return found is "overlay" or "vfs"
                ? new ContainersStorage(directory, found)
                : throw new TransportNotSupportedException($"the storage {root} has the driver '{found}'; overlay and vfs can be read, others by 'skopeo copy containers-storage:IMAGE oci:PATH'");
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }

    private static (string Root, string? Driver, string[] More) ReadSettings(OciOptions options)
    {
        string[] places = Environment.GetEnvironmentVariable("CONTAINERS_STORAGE_CONF") is { Length: > 0 } set
            ? [set]
            : [System.IO.Path.Combine(options.Root, "etc/containers/storage.conf"), System.IO.Path.Combine(options.Root, "usr/share/containers/storage.conf")];
        if (places.FirstOrDefault(File.Exists) is not { } path)
        {
            return (DefaultRoot, null, []);
        }

        TomlTable storage = Get<TomlTable>(RegistriesToml.Read(path), "storage") ?? [];
        TomlArray more = Get<TomlArray>(Get<TomlTable>(storage, "options") ?? [], "additionalimagestores") ?? [];
        return (Get<string>(storage, "graphroot") is { Length: > 0 } root ? root : DefaultRoot, Get<string>(storage, "driver"), [.. more.OfType<string>()]);
    }

    private static T? Get<T>(TomlTable table, string key)
        where T : class => table.TryGetValue(key, out object? value) ? value as T : null;

    // What is built here is "localhost/NAME"; a name without a tag is that of "latest".
    private static IEnumerable<string> SpellingsOf(string name)
    {
        bool hasTag = name.Contains('@') || name.LastIndexOf(':') > name.LastIndexOf('/');
        string full = hasTag ? name : name + ":latest";
        yield return name;
        yield return full;
        if (!ShortNames.IsQualified(name))
        {
            yield return "localhost/" + full;
            yield return $"docker.io/{(name.Contains('/') ? "" : "library/")}{full}";
        }
    }

    private static string FileNameOf(string key) =>
        key.All(c => c == '.' || char.IsAsciiDigit(c) || char.IsAsciiLetterLower(c)) ? key : "=" + Convert.ToBase64String(Encoding.UTF8.GetBytes(key));

    private T[] ReadList<T>(string path, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T[]> type)
    {
        if (_root.TryGetStatus(path) is not { } status)
        {
            return [];
        }

        try
        {
            return status.Size <= MaximumList ? JsonSerializer.Deserialize(_root.ReadAllBytes(path), type) ?? [] : throw new ManifestException($"{path} in {Path} has {status.Size} bytes");
        }
        catch (JsonException e)
        {
            throw new ManifestException($"{path} in {Path} is malformed: {e.Message}", e);
        }
    }
}
