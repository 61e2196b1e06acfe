// The members of a mapping in a document of YAML, with what is wrong with them.
using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Bootc.Updates.Documents;

/// <summary>Takes the members of a mapping by name; what nobody took is a fault in the end.</summary>
internal sealed class YamlMembers
{
    private readonly Dictionary<string, YamlNode> _members = new(StringComparer.Ordinal);
    private readonly List<DocumentFault> _faults;
    private readonly string _what;

    private YamlMembers(YamlMappingNode mapping, string what, List<DocumentFault> faults)
    {
        Node = mapping;
        _what = what;
        _faults = faults;
        foreach ((YamlNode key, YamlNode value) in mapping.Children)
        {
            if (key is YamlScalarNode { Value: { } name })
            {
                _members[name] = value;
            }
            else
            {
                Fault(key, $"{what}: a member's name is no text");
            }
        }
    }

    /// <summary>The mapping.</summary>
    public YamlNode Node { get; }

    /// <summary>The names of the members that nobody took yet.</summary>
    public IEnumerable<string> Names => _members.Keys;

    /// <summary>The members of a node; <see langword="null"/>, and a fault, when it is no mapping.</summary>
    public static YamlMembers? Of(YamlNode node, string what, List<DocumentFault> faults)
    {
        if (node is YamlMappingNode mapping)
        {
            return new YamlMembers(mapping, what, faults);
        }

        faults.Add(At(node, $"{what} is no mapping"));
        return null;
    }

    /// <summary>A fault at a node.</summary>
    public static DocumentFault At(YamlNode node, string message, bool isError = true) => new(node.Start.Line, node.Start.Column, isError, message);

    /// <summary>A member's node.</summary>
    public YamlNode? Take(string name) => _members.Remove(name, out YamlNode? node) ? node : null;

    /// <summary>A member that is text, not empty.</summary>
    public string? TakeText(string name, bool isRequired = false)
    {
        if (Take(name) is not { } node)
        {
            if (isRequired)
            {
                Fault(Node, $"{_what} has no {name}");
            }

            return null;
        }

        return Text(node, name);
    }

    /// <summary>A member that is text of some form.</summary>
    public T? Take<T>(string name, Func<string, T?> parse, string form)
        where T : struct
    {
        if (Take(name) is not { } node || Text(node, name) is not { } text)
        {
            return null;
        }

        if (parse(text) is { } value)
        {
            return value;
        }

        Fault(node, $"{name} is '{text}', not {form}");
        return null;
    }

    /// <summary>A member that is a number within bounds.</summary>
    public double? TakeNumber(string name, double from, double to, string form) =>
        Take<double>(name, text => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && value >= from && value <= to ? value : null, form);

    /// <summary>A member that is a list, or one of its items alone.</summary>
    public IReadOnlyList<YamlNode> TakeList(string name, bool allowsOne = false)
    {
        switch (Take(name))
        {
            case null:
                return [];
            case YamlSequenceNode sequence:
                return [.. sequence.Children];
            case YamlScalarNode scalar when allowsOne:
                return [scalar];
            case var node:
                Fault(node, $"{name} is no list");
                return [];
        }
    }

    /// <summary>Text that is not empty; <see langword="null"/>, and a fault, when a node is none.</summary>
    public string? Text(YamlNode node, string name)
    {
        // An unquoted null, and nothing at all, are no text.
        if (node is YamlScalarNode { Value: { Length: > 0 } value } scalar && (scalar.Style != ScalarStyle.Plain || value is not ("null" or "~" or "Null" or "NULL")))
        {
            return value;
        }

        Fault(node, $"{name} is no text");
        return null;
    }

    /// <summary>Adds a fault.</summary>
    public void Fault(YamlNode node, string message) => _faults.Add(At(node, message));

    /// <summary>Adds faults for the members that nobody took.</summary>
    /// <param name="schema">What the document should be.</param>
    public void End(string schema)
    {
        foreach ((string name, YamlNode node) in _members)
        {
            Fault(node, $"{_what} has a member '{name}', which {schema} does not know");
        }
    }
}
