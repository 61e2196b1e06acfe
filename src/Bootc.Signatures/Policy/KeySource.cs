// Where the keys of a requirement are: in files or in the policy itself.
namespace Bootc.Signatures.Policy;

/// <summary>Keys or certificates: the files that hold them, or themselves.</summary>
public sealed record KeySource
{
    private const int MaximumSize = 4 * 1024 * 1024;
    private readonly string[] _paths;
    private readonly byte[][] _contents;

    private KeySource(string[] paths, byte[][] contents)
    {
        _paths = paths;
        _contents = contents;
    }

    /// <summary>Keys in files.</summary>
    public static KeySource OfFiles(params string[] paths) => new(paths, []);

    /// <summary>Keys that the policy holds.</summary>
    public static KeySource OfData(params byte[][] contents) => new([], contents);

    /// <summary>Reads the keys, each with a name for messages.</summary>
    /// <exception cref="TrustRootException">A file cannot be read.</exception>
    internal IReadOnlyList<(string Name, byte[] Content)> Load() => _paths.Length > 0
        ? [.. _paths.Select(path => (path, Read(path)))]
        : [.. _contents.Select((content, i) => (_contents.Length == 1 ? "the key in the policy" : $"key {i + 1} in the policy", content))];

    /// <inheritdoc/>
    public override string ToString() => _paths.Length > 0 ? string.Join(" or ", _paths) : _contents.Length == 1 ? "the key in the policy" : $"the {_contents.Length} keys in the policy";

    private static byte[] Read(string path)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            if (file.Length > MaximumSize)
            {
                throw new TrustRootException($"{path} has {file.Length} bytes, which is too large for keys");
            }

            byte[] content = new byte[file.Length];
            file.ReadExactly(content);
            return content;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TrustRootException($"the key {path} cannot be read: {(e is FileNotFoundException or DirectoryNotFoundException ? "it is not there" : e.Message)}", e);
        }
    }
}
