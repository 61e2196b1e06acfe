// Which word was meant by one that does not exist.
namespace Bootc.Cli.CommandLine;

internal static class Spelling
{
    /// <summary>The known word that differs in few letters, or begins so; none when all are far away.</summary>
    public static string? FindNearest(string word, IEnumerable<string> known)
    {
        int limit = Math.Max(1, word.TrimStart('-').Length / 3);
        return known
            .Select(candidate => (candidate, distance: candidate.StartsWith(word, StringComparison.OrdinalIgnoreCase) && word.Length > 2 ? 0 : Distance(word, candidate)))
            .Where(pair => pair.distance <= limit)
            .OrderBy(pair => pair.distance)
            .Select(pair => pair.candidate)
            .FirstOrDefault();
    }

    // The Levenshtein distance, in which two neighbours that changed places count once.
    private static int Distance(string a, string b)
    {
        var cost = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
        {
            for (int j = 0; j <= b.Length; j++)
            {
                cost[i, j] = (i, j) switch
                {
                    (0, _) => j,
                    (_, 0) => i,
                    _ => Math.Min(Math.Min(cost[i - 1, j], cost[i, j - 1]) + 1, cost[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)),
                };
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    cost[i, j] = Math.Min(cost[i, j], cost[i - 2, j - 2] + 1);
                }
            }
        }

        return cost[a.Length, b.Length];
    }
}
