// Where an entry of a layer goes in the commit: ostree's layout has /etc in /usr/etc, and nothing below the API file systems.
using Bootc.Linux;
using Bootc.Ostree.Objects;

namespace Bootc.Import;

/// <summary>The normalized path of a layer's entry.</summary>
internal static class LayerPath
{
    private const int MaximumDepth = 1000; // trees are walked by recursion

    // What is mounted at run time: the directories themselves stay as mount points, their content does not.
    private static readonly string[] EmptiedTopLevels = ["run", "tmp", "proc", "sys", "dev"];

    /// <summary>The components of an entry's path in the commit; empty for the root.</summary>
    /// <returns><see langword="null"/> when the entry is left out.</returns>
    /// <exception cref="ImportException">The path leads upwards or is not one that ostree can hold.</exception>
    public static string[]? Normalize(string path, out string? excludedTopLevel)
    {
        excludedTopLevel = null;
        var parts = new List<string>();
        foreach (string part in path.Split('/'))
        {
            if (part is "" or ".")
            {
                continue;
            }

            if (part == "..")
            {
                throw new ImportException($"the path '{path}' leads upwards with '..'");
            }

            if (DirTree.FindFaultInName(part) is { } fault)
            {
                throw new ImportException($"the path '{Show(path)}' cannot be stored: {fault}");
            }

            parts.Add(part);
        }

        if (parts.Count > MaximumDepth)
        {
            throw new ImportException($"the path '{Show(path[..100])}…' is more than {MaximumDepth} directories deep");
        }

        if (parts.Count > 1 && EmptiedTopLevels.Contains(parts[0]))
        {
            excludedTopLevel = parts[0];
            return null;
        }

        if (parts.Count > 0 && parts[0] == "etc")
        {
            parts.Insert(0, "usr");
        }

        return [.. parts];
    }

    private static string Show(string path) => FileName.IsUtf8(path) ? path : System.Text.Encoding.Latin1.GetString(FileName.Encode(path));
}
