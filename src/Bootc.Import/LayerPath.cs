// Where an entry of a layer goes in the commit: ostree's layout has /etc in /usr/etc, and nothing below the API file systems.
using System.Text;
using Bootc.Linux;
using Bootc.Ostree.Objects;

namespace Bootc.Import;

/// <summary>The normalized path of a layer's entry.</summary>
internal static class LayerPath
{
    private const int MaximumDepth = 1000; // trees are walked by recursion
    private const int MaximumName = 255; // NAME_MAX
    private const int MaximumLength = 4095; // PATH_MAX with its end

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

            if (Encoding.UTF8.GetByteCount(part) > MaximumName)
            {
                throw new ImportException($"the path '{path[..Math.Min(path.Length, 100)]}…' has a name of more than the {MaximumName} bytes that Linux allows");
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

        if (parts.Sum(part => Encoding.UTF8.GetByteCount(part) + 1) > MaximumLength)
        {
            throw new ImportException($"the path '{path[..100]}…' has more than the {MaximumLength} bytes that Linux allows");
        }

        return [.. parts];
    }

    private static string Show(string path) => FileName.IsUtf8(path) ? path : Encoding.Latin1.GetString(FileName.Encode(path));
}
