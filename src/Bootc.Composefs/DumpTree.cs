// The tree that grows while a dump file is read: parents come before children, hard links may come before their targets.
using Bootc.Linux;

namespace Bootc.Composefs;

internal sealed class DumpTree
{
    private readonly List<(ComposefsNode Node, string Target)> _hardLinks = [];
    private readonly Dictionary<string, ComposefsNode> _directories = new(StringComparer.Ordinal);
    private ComposefsNode? _root;

    // Of the line before: most lines have the same.
    private ComposefsNode? _parent;
    private byte[] _parentPath = [];

    public void Add(ReadOnlySpan<byte> path, ComposefsNode node)
    {
        if (path.SequenceEqual("/"u8))
        {
            if (node.Kind != FileKind.Directory)
            {
                throw new ComposefsFormatException("the root is no directory");
            }

            _root = _root is null ? node : throw new ComposefsFormatException("there are two roots");
            return;
        }

        if (_root is null)
        {
            throw new ComposefsFormatException($"'{FileName.Decode(path)}' comes before the root");
        }

        ReadOnlySpan<byte> trimmed = path.TrimStart((byte)'/');
        int slash = trimmed.LastIndexOf((byte)'/');
        ReadOnlySpan<byte> parentPath = slash < 0 ? [] : trimmed[..slash];
        if (_parent is null || !parentPath.SequenceEqual(_parentPath))
        {
            _parent = FindDirectory(parentPath) ?? throw new ComposefsFormatException($"the parent directory of '{FileName.Decode(path)}' is missing");
            _parentPath = parentPath.ToArray();
        }

        _parent.Add(FileName.Decode(trimmed[(slash + 1)..]), node);
    }

    public void AddHardLink(ComposefsNode node, string target) => _hardLinks.Add((node, target));

    public ComposefsNode Finish()
    {
        ComposefsNode root = _root ?? throw new ComposefsFormatException("the dump file has no root");
        foreach ((ComposefsNode node, string target) in _hardLinks)
        {
            ComposefsNode found = Find(target) ?? throw new ComposefsFormatException($"the target '{target}' of a hard link is missing");
            if (found == node)
            {
                throw new ComposefsFormatException($"the hard link '{target}' points to itself");
            }

            if (found.Kind == FileKind.Directory)
            {
                throw new ComposefsFormatException($"a hard link points to the directory '{target}'");
            }

            node.HardLinkTarget = found;
        }

        foreach ((ComposefsNode node, _) in _hardLinks)
        {
            ShortenChain(node);
        }

        return root;
    }

    private static void ShortenChain(ComposefsNode link)
    {
        ComposefsNode end = link.Resolve();
        while (link.HardLinkTarget is { } next && next != end)
        {
            link.HardLinkTarget = end;
            link = next;
        }
    }

    private ComposefsNode? FindDirectory(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Count((byte)'/') >= ComposefsNode.MaximumDepth - 1)
        {
            throw new ComposefsFormatException($"directories are nested more than {ComposefsNode.MaximumDepth} deep");
        }

        string path = FileName.Decode(bytes);
        if (_directories.TryGetValue(path, out ComposefsNode? known))
        {
            return known;
        }

        if (Find(path) is not { Kind: FileKind.Directory } directory)
        {
            return null;
        }

        return _directories[path] = directory;
    }

    private ComposefsNode? Find(string path)
    {
        ComposefsNode? node = _root;
        foreach (string component in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            node = node?.Children.GetValueOrDefault(component);
        }

        return node;
    }
}
