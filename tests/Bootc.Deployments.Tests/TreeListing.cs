// A directory tree as text, to compare two of them or one before and after.
using Bootc.Testing;

namespace Bootc.Deployments.Tests;

internal static class TreeListing
{
    /// <summary>
    /// One line for each name below <paramref name="root"/>, sorted: path, type, mode, owner, size of files, target of links, and the SHA-256
    /// of each file. Paths below <paramref name="excluded"/> are left out, and so is the size of directories, which is the file system's affair.
    /// </summary>
    public static string Of(string root, params string[] excluded)
    {
        string prune = string.Concat(excluded.Select(path => $"-path './{path}' -prune -o "));
        string script = $"""
            cd "$0" && find . {prune}\( -type d -printf '%P %y %m %U:%G\n' -o -type f -printf '%P %y %m %U:%G %s\n' -o -printf '%P %y %m %U:%G %l\n' \) | sort
            find . {prune}-type f -print0 | sort -z | xargs -0 -r sha256sum
            """;
        return Peer.Run("sh", "-c", script, root).Succeeded();
    }
}
