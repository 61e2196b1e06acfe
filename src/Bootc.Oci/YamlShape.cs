// Whether a tree can be made of a text of YAML, before one is.
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Bootc.Oci;

/// <summary>
/// Looks at YAML that may be anything, without building its tree: that goes down by calls, as deep as the text is nested, and
/// hashes the keys of mappings, for which a collection as a key, that may contain itself, has no end.
/// </summary>
public sealed class YamlShape
{
    private const int MaximumDepth = 32;
    private const long MaximumRepeated = 1_000_000;
    private const string NoTextAsKey = "the key of a mapping is no text";

    private readonly Stack<Collection> _open = [];
    private readonly Dictionary<AnchorName, long?> _sizes = []; // the nodes below an anchor; null while there may come more
    private long _repeated;

    private YamlShape()
    {
    }

    /// <summary>What makes a text one of which no tree is made, and where: <see langword="null"/> when nothing does.</summary>
    /// <exception cref="YamlException">It is no YAML. The parser has other exceptions too for some such texts.</exception>
    public static (Mark At, string Message)? FindFault(string text)
    {
        var shape = new YamlShape();
        var parser = new Parser(new StringReader(text));
        while (parser.MoveNext())
        {
            if (shape.Take(parser.Current!) is { } fault)
            {
                return (parser.Current!.Start, fault);
            }
        }

        return null;
    }

    private string? Take(ParsingEvent next)
    {
        switch (next)
        {
            case DocumentStart:
                _sizes.Clear();
                return null;
            case Scalar scalar:
                Add(1, scalar.Anchor);
                return null;
            case AnchorAlias alias:
                return IsKey() ? NoTextAsKey : Repeat(alias.Value);
            case SequenceStart or MappingStart:
                return IsKey() ? NoTextAsKey : Open((NodeEvent)next);
            case SequenceEnd or MappingEnd:
                Collection closed = _open.Pop();
                Add(closed.Nodes, closed.Anchor);
                return null;
            default:
                return null;
        }
    }

    private bool IsKey() => _open.TryPeek(out Collection? parent) && parent is { IsMapping: true, IsBeforeValue: false };

    private string? Open(NodeEvent start)
    {
        if (!start.Anchor.IsEmpty)
        {
            _sizes[start.Anchor] = null;
        }

        _open.Push(new Collection(start.Anchor, start is MappingStart));
        return _open.Count > MaximumDepth ? "the document is nested too deeply" : null;
    }

    private string? Repeat(AnchorName anchor)
    {
        if (_sizes.GetValueOrDefault(anchor) is not { } size)
        {
            return $"the alias '*{anchor.Value}' stands before the end of what it names";
        }

        Add(size, AnchorName.Empty);
        _repeated += size;
        return _repeated > MaximumRepeated ? "the document repeats too much by its aliases" : null;
    }

    private void Add(long nodes, AnchorName anchor)
    {
        if (!anchor.IsEmpty)
        {
            _sizes[anchor] = nodes;
        }

        if (_open.TryPeek(out Collection? parent))
        {
            parent.Nodes += nodes;
            parent.IsBeforeValue = !parent.IsBeforeValue;
        }
    }

    private sealed class Collection(AnchorName anchor, bool isMapping)
    {
        public AnchorName Anchor { get; } = anchor;

        public bool IsMapping { get; } = isMapping;

        /// <summary>Of a mapping: whether a key was there, whose value comes next.</summary>
        public bool IsBeforeValue { get; set; }

        public long Nodes { get; set; } = 1;
    }
}
