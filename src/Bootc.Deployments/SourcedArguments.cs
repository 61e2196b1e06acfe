// Kernel arguments that one program answers for.
using Bootc.Deployments.Boot;

namespace Bootc.Deployments;

/// <summary>
/// The kernel arguments that a source, such as TuneD, wants to have set, and no one else's. What they are is noted in the boot entry
/// under <c>x-options-source-NAME</c>, as bootc and libostree have it.
/// </summary>
public sealed record SourcedArguments
{
    private const string KeyPrefix = "x-options-source-";

    /// <summary>What a source wants.</summary>
    /// <param name="source">The source's name: letters, digits, hyphens and underscores.</param>
    /// <param name="options">The arguments as one line; <see langword="null"/> or empty for none any more.</param>
    /// <exception cref="DeploymentException">The name is none, or an argument is the one that says which deployment boots.</exception>
    public SourcedArguments(string source, string? options)
    {
        if (source.Length == 0 || !source.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
        {
            throw new DeploymentException($"'{source.ReplaceLineEndings(" ")}' is no name of a source of kernel arguments: it has letters, digits, hyphens and underscores only");
        }

        Source = source;
        Words = KernelArguments.Parse(options).Words;
        if (Words.Any(word => KernelArguments.KeyOf(word) == "ostree"))
        {
            throw new DeploymentException("the kernel argument 'ostree' says which deployment boots, and no source sets it");
        }
    }

    /// <summary>The source's name.</summary>
    public string Source { get; }

    /// <summary>The arguments.</summary>
    public IReadOnlyList<string> Words { get; }

    private string Key => KeyPrefix + Source;

    /// <summary>The arguments of a boot entry after the change: what the source had set and does not want is gone, unless another source has set it too.</summary>
    internal IReadOnlyList<string> Apply(IReadOnlyList<string> current, IReadOnlyList<KeyValuePair<string, string>> noted)
    {
        List<string> words = [.. current];
        foreach (string word in noted.Where(note => note.Key == Key).SelectMany(WordsOf).Except(Words).Except(noted.Where(IsOfOther).SelectMany(WordsOf)))
        {
            words.Remove(word);
        }

        words.AddRange(Words.Where(word => !words.Contains(word)).ToArray());
        return words;
    }

    /// <summary>What is noted in the boot entry after the change.</summary>
    internal IReadOnlyList<KeyValuePair<string, string>> NoteIn(IReadOnlyList<KeyValuePair<string, string>> noted)
    {
        List<KeyValuePair<string, string>> notes = [.. noted];
        int index = notes.FindIndex(note => note.Key == Key);
        if (Words.Count == 0)
        {
            notes.RemoveAll(note => note.Key == Key);
        }
        else if (index >= 0)
        {
            notes[index] = new(Key, string.Join(' ', Words));
        }
        else
        {
            notes.Add(new(Key, string.Join(' ', Words)));
        }

        return notes;
    }

    private bool IsOfOther(KeyValuePair<string, string> note) => note.Key.StartsWith(KeyPrefix, StringComparison.Ordinal) && note.Key != Key;

    private static IEnumerable<string> WordsOf(KeyValuePair<string, string> note) => KernelArguments.Parse(note.Value).Words;
}
