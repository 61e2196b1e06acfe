// Kernel arguments, in order, as a boot entry's options have them.
using System.Text;

namespace Bootc.Deployments.Boot;

/// <summary>A kernel command line: words with perhaps a value, kept in order; double quotes keep white space in a word.</summary>
public sealed class KernelArguments
{
    private readonly List<string> _words = [];

    /// <summary>The words, in order.</summary>
    public IReadOnlyList<string> Words => _words;

    /// <summary>Reads a command line.</summary>
    public static KernelArguments Parse(string? text)
    {
        var arguments = new KernelArguments();
        var word = new StringBuilder();
        bool quoted = false;
        foreach (char c in (text ?? "") + " ")
        {
            quoted ^= c == '"';
            if (!quoted && char.IsWhiteSpace(c))
            {
                if (word.Length > 0)
                {
                    arguments._words.Add(word.ToString());
                    word.Clear();
                }

                continue;
            }

            word.Append(c);
        }

        if (word.ToString().TrimEnd() is { Length: > 0 } rest)
        {
            arguments._words.Add(rest); // a quote that is not closed
        }

        return arguments;
    }

    /// <summary>Adds a word at the end.</summary>
    public KernelArguments Append(string word)
    {
        _words.Add(word);
        return this;
    }

    /// <summary>The value of the last word <c>key=value</c>; <see langword="null"/> when there is none.</summary>
    public string? GetValue(string key)
    {
        string? word = _words.FindLast(candidate => KeyOf(candidate) == key);
        return word is not null && word.Length > key.Length ? word[(key.Length + 1)..] : null;
    }

    /// <summary>Gives a key a value: where it stands now, or else at the end.</summary>
    public KernelArguments Replace(string key, string value)
    {
        int index = _words.FindIndex(word => KeyOf(word) == key);
        if (index < 0)
        {
            return Append($"{key}={value}");
        }

        _words[index] = $"{key}={value}";
        return this;
    }

    /// <summary>Removes all words of a key.</summary>
    public KernelArguments Remove(string key)
    {
        _words.RemoveAll(word => KeyOf(word) == key);
        return this;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Join(' ', _words);

    /// <summary>The part of a word before its first equals sign.</summary>
    internal static string KeyOf(string word)
    {
        int equals = word.IndexOf('=');
        return equals < 0 ? word : word[..equals];
    }
}
