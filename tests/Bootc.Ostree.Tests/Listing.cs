// A directory as text: all that must be equal in two of them.
using System.Text.RegularExpressions;
using Bootc.Testing;

namespace Bootc.Ostree.Tests;

internal static partial class Listing
{
    /// <summary>Names, kinds, modes, owners, sizes, link targets, attributes and contents.</summary>
    public static string Of(string directory, bool times = false)
    {
        string entries = Peer.Run("find", directory, "-printf", $"%P|%y|%m|%U:%G|%l{(times ? "|%T@" : "")}\n").Succeeded();
        string contents = Peer.Run("sh", "-c", "cd \"$0\" && find . -type f -exec sha256sum {} +", directory).Succeeded();
        string attributes = Peer.Run("sh", "-c", "cd \"$0\" && getfattr -R -h -d -m - -e hex . 2> /dev/null", directory).Succeeded();
        if (times)
        {
            entries = NotEpoch.Replace(entries, "|now");
        }

        return $"{Sorted(entries)}\n{Sorted(contents)}\n{Blocks(attributes)}";
    }

    // Either the time that ostree gives to all, or the time of the checkout.
    [GeneratedRegex(@"\|[1-9]\d*\.\d+$", RegexOptions.Multiline)]
    private static partial Regex NotEpoch { get; }

    private static string Sorted(string text) => string.Join('\n', text.Split('\n').Order(StringComparer.Ordinal));

    private static string Blocks(string text) =>
        string.Join("\n\n", text.Split("\n\n").Select(block => string.Join('\n', block.Split('\n').Order(StringComparer.Ordinal))).Order(StringComparer.Ordinal));
}
