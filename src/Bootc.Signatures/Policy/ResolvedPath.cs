// The path at which something really is, whatever symbolic links lead there.
namespace Bootc.Signatures.Policy;

internal static class ResolvedPath
{
    private const int MaximumLinks = 40;

    /// <summary>The absolute path without symbolic links, '.' and '..'. What does not exist is taken as it is written.</summary>
    /// <exception cref="IOException">The links have no end.</exception>
    public static string Of(string name)
    {
        var pending = new Stack<string>(Split(Path.GetFullPath(name)).Reverse());
        string path = "";
        for (int links = 0; pending.TryPop(out string? part);)
        {
            string next = $"{path}/{part}";
            if (part == "..")
            {
                path = path.Length > 0 ? path[..path.LastIndexOf('/')] : path;
                continue;
            }

            if (new FileInfo(next).LinkTarget is not { } target)
            {
                path = next;
                continue;
            }

            if (++links > MaximumLinks)
            {
                throw new IOException($"too many symbolic links at {next}");
            }

            path = target.StartsWith('/') ? "" : path;
            foreach (string inner in Split(target).Reverse())
            {
                pending.Push(inner);
            }
        }

        return path.Length > 0 ? path : "/";
    }

    private static IEnumerable<string> Split(string path) => path.Split('/').Where(part => part is not ("" or "."));
}
