// Reads YAML that may be anything.
using Bootc.Oci;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Bootc.Updates.Documents;

/// <summary>Reads YAML, of which JSON is a part: of bounded length and shape, with every fault of the text named by its place.</summary>
internal static class YamlText
{
    private const int MaximumLength = 16 << 20;

    /// <summary>The root of the one document in a text; <see langword="null"/>, and a fault, when there is none.</summary>
    public static YamlNode? Parse(string text, List<DocumentFault> faults)
    {
        if (ParseAll(text, faults) is not { } documents)
        {
            return null;
        }

        if (documents is [var root])
        {
            return root;
        }

        faults.Add(new DocumentFault(1, 1, true, $"there are {documents.Count} documents, and one is wanted"));
        return null;
    }

    /// <summary>The roots of all documents in a text, those that say nothing left out; <see langword="null"/>, and a fault, when it is no YAML.</summary>
    public static IReadOnlyList<YamlNode>? ParseAll(string text, List<DocumentFault> faults)
    {
        if (text.Length > MaximumLength)
        {
            faults.Add(new DocumentFault(1, 1, true, $"the document is longer than {MaximumLength >> 20} MiB"));
            return null;
        }

        try
        {
            if (YamlShape.FindFault(text) is { } fault)
            {
                faults.Add(new DocumentFault(fault.At.Line, fault.At.Column, true, fault.Message));
                return null;
            }

            var stream = new YamlStream();
            stream.Load(new StringReader(text));
            return [.. stream.Documents.Select(document => document.RootNode).Where(root => root is not YamlScalarNode { Value: null or "" })];
        }
        catch (YamlException e)
        {
            faults.Add(new DocumentFault(e.Start.Line, e.Start.Column, true, $"this is no YAML: {e.Message}"));
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or IndexOutOfRangeException)
        {
            faults.Add(new DocumentFault(1, 1, true, $"this is no YAML: {e.Message}")); // the parser stumbles over some input, and does not say where
        }

        return null;
    }
}
