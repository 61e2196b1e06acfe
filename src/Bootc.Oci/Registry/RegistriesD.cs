// What registries.d says of signatures: where they are besides the registry, and whether the registry has some attached.
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Bootc.Oci.Registry;

/// <summary>The settings of containers-registries.d(5), from all files of the directory together.</summary>
internal sealed class RegistriesD
{
    private const string DefaultLookaside = "var/lib/containers/sigstore";
    private readonly Dictionary<string, (string File, Settings Settings)> _scopes = new(StringComparer.Ordinal);
    private readonly string _root;
    private (string File, Settings Settings)? _default;

    private RegistriesD(string root) => _root = root;

    private sealed record Settings(string? Lookaside, bool? UseAttachments, bool? UseBundles);

    /// <summary>Reads the files.</summary>
    /// <exception cref="OciException">One is malformed, or two say different things of the same.</exception>
    public static RegistriesD Load(OciOptions options)
    {
        var settings = new RegistriesD(options.Root);
        string directory = Path.Combine(options.Root, "etc/containers/registries.d");
        if (Directory.Exists(directory))
        {
            foreach (string path in Directory.EnumerateFiles(directory, "*.yaml").Order(StringComparer.Ordinal))
            {
                settings.Add(path);
            }
        }

        return settings;
    }

    /// <summary>Whether signatures that are attached to images in the registry are looked for.</summary>
    public bool UsesAttachments(RegistryReference image) => Find(image, settings => settings.UseAttachments) ?? false;

    /// <summary>
    /// Whether Sigstore bundles that refer to images are looked for. This is a setting of ours, which containers/image passes over:
    /// such bundles do not say by which name an image was signed, so who sets it lets the digest alone decide.
    /// </summary>
    public bool UsesBundles(RegistryReference image) => Find(image, settings => settings.UseBundles) ?? false;

    /// <summary>Where the simple signatures of a manifest are, the first of them; the others follow.</summary>
    public Uri LookasideOf(RegistryReference image, Model.Digest manifest, int number)
    {
        string start = Find(image, settings => settings.Lookaside) ?? "file://" + Path.GetFullPath(Path.Combine(_root, DefaultLookaside));
        return Uri.TryCreate($"{start.TrimEnd('/')}/{image.Repository}@{manifest.Algorithm}={manifest.Hex}/signature-{number}", UriKind.Absolute, out Uri? uri)
            && uri.Scheme is "file" or "http" or "https"
                ? uri
                : throw new OciException($"registries.d names '{start}' for signatures of {image.Registry}/{image.Repository}, which is no file, http or https URL");
    }

    private T? Find<T>(RegistryReference image, Func<Settings, T?> value)
    {
        foreach (string scope in image.Scopes)
        {
            if (_scopes.TryGetValue(scope, out var found) && value(found.Settings) is { } set)
            {
                return set;
            }
        }

        return _default is { } fallback ? value(fallback.Settings) : default;
    }

    private void Add(string path)
    {
        try
        {
            string text = File.ReadAllText(path);
            if (YamlShape.FindFault(text) is { } fault)
            {
                throw new OciException($"{path} is malformed at line {fault.At.Line}: {fault.Message}");
            }

            var stream = new YamlStream();
            stream.Load(new StringReader(text));
            if (stream.Documents is [{ RootNode: YamlMappingNode root }, ..])
            {
                Add(root, path);
            }
        }
        catch (Exception e) when (e is YamlException or InvalidOperationException or ArgumentException or IndexOutOfRangeException) // what the parser throws at some of what is no YAML
        {
            throw new OciException($"{path} is malformed: {e.Message}", e);
        }
    }

    private void Add(YamlMappingNode root, string path)
    {
        foreach ((YamlNode key, YamlNode value) in root.Children)
        {
            if (key is YamlScalarNode { Value: "default-docker" })
            {
                _default = _default is { } before
                    ? throw new OciException($"{path} and {before.File} both have default-docker")
                    : (path, Read(value, path));
            }
            else if (key is YamlScalarNode { Value: "docker" } && value is YamlMappingNode scopes)
            {
                foreach ((YamlNode scope, YamlNode settings) in scopes.Children)
                {
                    string name = ScalarOf(scope, path) ?? "";
                    if (!_scopes.TryAdd(name, (path, Read(settings, path))))
                    {
                        throw new OciException($"{path} and {_scopes[name].File} both have settings for '{name}'");
                    }
                }
            }
        }
    }

    private static Settings Read(YamlNode node, string path)
    {
        string? lookaside = null;
        string? sigstore = null;
        bool? attachments = null;
        bool? bundles = null;
        foreach ((YamlNode key, YamlNode value) in node is YamlMappingNode mapping ? mapping.Children : throw new OciException($"{path}: settings of a scope are no mapping"))
        {
            switch ((key as YamlScalarNode)?.Value)
            {
                case "lookaside":
                    lookaside = ScalarOf(value, path);
                    break;
                case "sigstore": // the older name
                    sigstore = ScalarOf(value, path);
                    break;
                case "use-sigstore-attachments":
                    attachments = FlagOf("use-sigstore-attachments", value, path);
                    break;
                case "use-sigstore-bundles":
                    bundles = FlagOf("use-sigstore-bundles", value, path);
                    break;
            }
        }

        return new Settings(string.IsNullOrEmpty(lookaside) ? string.IsNullOrEmpty(sigstore) ? null : sigstore : lookaside, attachments, bundles);
    }

    private static bool FlagOf(string key, YamlNode node, string path) => ScalarOf(node, path) switch
    {
        "true" => true,
        "false" => false,
        var other => throw new OciException($"{path}: {key} is '{other}', neither true nor false"),
    };

    private static string? ScalarOf(YamlNode node, string path) =>
        node is YamlScalarNode scalar ? scalar.Value : throw new OciException($"{path}: a text is expected at line {node.Start.Line}");
}
