// What users change about kernel arguments.
using Bootc.Deployments.Boot;

namespace Bootc.Deployments;

/// <summary>Changes to kernel arguments: deletions first, then replacements, then additions, each in its order.</summary>
/// <remarks>A word is <c>KEY</c> or <c>KEY=VALUE</c>. What would be ambiguous is refused, as libostree's kernel arguments do it.</remarks>
public sealed record KernelArgumentsEdit
{
    /// <summary>Words to add at the end.</summary>
    public IReadOnlyList<string> Append { get; init; } = [];

    /// <summary>Words to add at the end unless they are there.</summary>
    public IReadOnlyList<string> AppendIfMissing { get; init; } = [];

    /// <summary>Words to remove: <c>KEY=VALUE</c>, or <c>KEY</c> when there is only one of it.</summary>
    public IReadOnlyList<string> Delete { get; init; } = [];

    /// <summary>As <see cref="Delete"/>, and nothing is wrong when a word is not there.</summary>
    public IReadOnlyList<string> DeleteIfPresent { get; init; } = [];

    /// <summary>New values: <c>KEY=NEW</c> when there is only one of the key, or <c>KEY=OLD=NEW</c>.</summary>
    public IReadOnlyList<string> Replace { get; init; } = [];

    /// <summary>Whether there is nothing to change.</summary>
    public bool IsEmpty => Append.Count + AppendIfMissing.Count + Delete.Count + DeleteIfPresent.Count + Replace.Count == 0;

    /// <summary>The words after the changes.</summary>
    /// <exception cref="DeploymentException">A word that is to be changed is not there, or it is not clear which one is meant.</exception>
    public IReadOnlyList<string> Apply(IReadOnlyList<string> current)
    {
        List<string> words = [.. current];
        foreach (string word in Delete)
        {
            words.RemoveAt(Find(words, word) ?? throw new DeploymentException($"there is no kernel argument '{word}' to delete"));
        }

        foreach (string word in DeleteIfPresent)
        {
            if (Find(words, word) is { } index)
            {
                words.RemoveAt(index);
            }
        }

        foreach (string word in Replace)
        {
            ReplaceOne(words, Check(word));
        }

        words.AddRange(Append.Select(Check));
        words.AddRange(AppendIfMissing.Select(Check).Where(word => !words.Contains(word)).ToArray());
        return words;
    }

    // KEY alone means the only word of that key, whatever its value.
    private static int? Find(List<string> words, string word)
    {
        Check(word);
        int exact = words.IndexOf(word);
        if (exact >= 0 || word.Contains('='))
        {
            return exact < 0 ? null : exact;
        }

        return FindOnly(words, word);
    }

    private static int? FindOnly(List<string> words, string key)
    {
        int index = words.FindIndex(candidate => KernelArguments.KeyOf(candidate) == key);
        if (index >= 0 && words.FindLastIndex(candidate => KernelArguments.KeyOf(candidate) == key) != index)
        {
            throw new DeploymentException($"the kernel argument '{key}' has several values ({string.Join(", ", words.Where(candidate => KernelArguments.KeyOf(candidate) == key))}): say which one is meant");
        }

        return index < 0 ? null : index;
    }

    private static void ReplaceOne(List<string> words, string word)
    {
        string key = KernelArguments.KeyOf(word);
        for (int equals = word.IndexOf('=', Math.Min(key.Length + 1, word.Length)); equals >= 0; equals = word.IndexOf('=', equals + 1))
        {
            int old = words.IndexOf(word[..equals]);
            if (old >= 0)
            {
                string value = word[(equals + 1)..];
                words[old] = value.Length == 0 ? key : $"{key}={value}";
                return;
            }
        }

        int only = FindOnly(words, key) ?? throw new DeploymentException($"there is no kernel argument '{key}' to replace");
        words[only] = word;
    }

    private static string Check(string word)
    {
        if (KernelArguments.Parse(word).Words is not [var parsed] || parsed != word || word.StartsWith('='))
        {
            throw new DeploymentException($"'{word.ReplaceLineEndings(" ")}' is not one word of a kernel command line");
        }

        return KernelArguments.KeyOf(word) == "ostree"
            ? throw new DeploymentException("the kernel argument 'ostree' says which deployment boots, and is not changed by hand")
            : word;
    }
}
