// The labels that a policy gives files, by their paths: selabel_file(5).
using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Bootc.Linux;

namespace Bootc.Ostree.SELinux;

/// <summary>
/// The file contexts of an SELinux policy as libselinux reads them (selabel_file(5)): lines <c>PATTERN [-KIND] LABEL</c>, of
/// which a pattern without special characters goes before all others, and else the last one that matches counts; paths are
/// rewritten by the substitutions before. A lookup looks only at patterns whose fixed beginning the path has.
/// </summary>
public sealed class FileContexts
{
    /// <summary>The files with patterns, in the order in which they count; the later the more.</summary>
    public static readonly IReadOnlyList<string> PatternFiles = ["file_contexts", "file_contexts.homedirs", "file_contexts.local"];

    /// <summary>The files with substitutions, the host's before the distribution's.</summary>
    public static readonly IReadOnlyList<string> SubstitutionFiles = ["file_contexts.subs", "file_contexts.subs_dist"];

    private const string None = "<<none>>";

    // A path whose pattern takes longer than this is matched by something that was made to be slow.
    private static readonly TimeSpan MatchLimit = TimeSpan.FromSeconds(2);

    [ThreadStatic]
    private static List<int>? s_candidates;

    private readonly List<Pattern> _patterns = [];
    private readonly Dictionary<string, List<Exact>> _exact = [];
    private readonly Dictionary<string, List<int>> _byPrefix = [];
    private readonly List<(string From, string To)>[] _substitutions = [[], []];
    private readonly int[] _prefixLengths;

    private FileContexts(string digest, IReadOnlyDictionary<string, byte[]> files)
    {
        Digest = digest;
        foreach (string name in PatternFiles)
        {
            if (files.TryGetValue(name, out byte[]? content))
            {
                ReadPatterns(name, content);
            }
        }

        for (int i = 0; i < SubstitutionFiles.Count; i++)
        {
            if (files.TryGetValue(SubstitutionFiles[i], out byte[]? content))
            {
                _substitutions[i] = ReadSubstitutions(content);
            }
        }

        _prefixLengths = [.. _byPrefix.Keys.Select(prefix => prefix.Length).Distinct().Order()];
    }

    /// <summary>The SHA-256 of all files, in hexadecimal.</summary>
    public string Digest { get; }

    /// <summary>Reads a policy's files.</summary>
    /// <param name="files">What is there of <see cref="PatternFiles"/> and <see cref="SubstitutionFiles"/>, by name.</param>
    /// <exception cref="OstreeException">A line or a pattern is malformed; the message names file and line.</exception>
    public static FileContexts Parse(IReadOnlyDictionary<string, byte[]> files)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string name in PatternFiles.Concat(SubstitutionFiles).Where(files.ContainsKey))
        {
            hash.AppendData(Encoding.ASCII.GetBytes($"{name} {files[name].Length}\n"));
            hash.AppendData(files[name]);
        }

        return new FileContexts(Convert.ToHexStringLower(hash.GetHashAndReset()), files);
    }

    /// <summary>The label of a file, or <see langword="null"/> where the policy has none for it.</summary>
    /// <param name="path">Its absolute path.</param>
    /// <param name="mode">Its mode with the bits of its kind.</param>
    /// <exception cref="OstreeException">A pattern cannot be matched.</exception>
    public string? Lookup(string path, uint mode)
    {
        uint kind = mode & ModeBits.KindMask;
        string key = ToBytes(path);
        foreach (List<(string From, string To)> substitutions in _substitutions)
        {
            key = Substitute(substitutions, key);
        }

        if (_exact.TryGetValue(key, out List<Exact>? exact))
        {
            for (int i = exact.Count - 1; i >= 0; i--)
            {
                if (exact[i].Kind == 0 || exact[i].Kind == kind)
                {
                    return exact[i].Label;
                }
            }
        }

        foreach (int candidate in FindCandidates(key))
        {
            Pattern pattern = _patterns[candidate];
            if ((pattern.Kind == 0 || pattern.Kind == kind) && pattern.Matches(key))
            {
                return pattern.Label;
            }
        }

        return null;
    }

    private List<int> FindCandidates(string key)
    {
        List<int> candidates = s_candidates ??= [];
        candidates.Clear();
        Dictionary<string, List<int>>.AlternateLookup<ReadOnlySpan<char>> byPrefix = _byPrefix.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (int length in _prefixLengths)
        {
            if (length > key.Length)
            {
                break;
            }

            if (byPrefix.TryGetValue(key.AsSpan(0, length), out List<int>? patterns))
            {
                candidates.AddRange(patterns);
            }
        }

        candidates.Sort(static (a, b) => b.CompareTo(a));
        return candidates;
    }

    private static string Substitute(List<(string From, string To)> substitutions, string key)
    {
        for (int i = substitutions.Count - 1; i >= 0; i--) // the last line counts
        {
            (string from, string to) = substitutions[i];
            if (key.StartsWith(from, StringComparison.Ordinal) && (key.Length == from.Length || key[from.Length] == '/'))
            {
                int rest = key.Length > from.Length && to == "/" ? from.Length + 1 : from.Length;
                return string.Concat(to, key.AsSpan(rest));
            }
        }

        return key;
    }

    private void ReadPatterns(string name, byte[] content)
    {
        int number = 0;
        foreach (string line in Encoding.Latin1.GetString(content).Split('\n'))
        {
            number++;
            string[] words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0 || words[0][0] == '#')
            {
                continue;
            }

            if (words.Length < 2)
            {
                throw new OstreeException($"{name}, line {number}: '{words[0]}' has no label");
            }

            string where = string.Create(CultureInfo.InvariantCulture, $"{name}, line {number}");
            uint kind = words.Length > 2 ? KindOf(words[1], where) : 0;
            string label = words.Length > 2 ? words[2] : words[1];
            Add(words[0], kind, label == None ? null : label, where);
        }
    }

    private void Add(string pattern, uint kind, string? label, string where)
    {
        if (PatternPrefix.TryGetExact(pattern) is { } path)
        {
            if (!_exact.TryGetValue(path, out List<Exact>? specs))
            {
                _exact.Add(path, specs = []);
            }

            specs.Add(new Exact(kind, label));
            return;
        }

        foreach (string prefix in PatternPrefix.Find(pattern))
        {
            if (!_byPrefix.TryGetValue(prefix, out List<int>? patterns))
            {
                _byPrefix.Add(prefix, patterns = []);
            }

            patterns.Add(_patterns.Count);
        }

        _patterns.Add(new Pattern(pattern, kind, label, where));
    }

    private static uint KindOf(string word, string where) => word switch
    {
        "--" => ModeBits.Regular,
        "-d" => ModeBits.Directory,
        "-l" => ModeBits.SymbolicLink,
        "-c" => ModeBits.CharacterDevice,
        "-b" => ModeBits.BlockDevice,
        "-p" => ModeBits.Fifo,
        "-s" => ModeBits.Socket,
        _ => throw new OstreeException($"{where}: '{word}' is no kind of file"),
    };

    private static List<(string From, string To)> ReadSubstitutions(byte[] content)
    {
        var substitutions = new List<(string From, string To)>();
        foreach (string line in Encoding.Latin1.GetString(content).Split('\n'))
        {
            string[] words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length >= 2 && words[0][0] != '#')
            {
                substitutions.Add((words[0], words[1]));
            }
        }

        return substitutions;
    }

    // Patterns speak of bytes; here each one is a character.
    private static string ToBytes(string path) => Ascii.IsValid(path) ? path : Encoding.Latin1.GetString(FileName.Encode(path));

    private readonly record struct Exact(uint Kind, string? Label);

    private sealed class Pattern(string text, uint kind, string? label, string where)
    {
        private Regex? _regex;

        public uint Kind => kind;

        public string? Label => label;

        public bool Matches(string path)
        {
            try
            {
                return (_regex ??= Compile()).IsMatch(path);
            }
            catch (RegexMatchTimeoutException e)
            {
                throw new OstreeException($"{where}: the pattern '{text}' takes too long to match", e);
            }
        }

        private Regex Compile()
        {
            try
            {
                return new Regex($"^{PatternPrefix.Translate(text)}$", RegexOptions.Singleline | RegexOptions.CultureInvariant | (HasBackReference() ? RegexOptions.None : RegexOptions.ExplicitCapture), MatchLimit);
            }
            catch (ArgumentException e)
            {
                throw new OstreeException($"{where}: the pattern '{text}' cannot be read: {e.Message}", e);
            }
        }

        private bool HasBackReference()
        {
            for (int i = 0; i + 1 < text.Length; i++)
            {
                if (text[i] == '\\' && text[++i] is >= '1' and <= '9')
                {
                    return true;
                }
            }

            return false;
        }
    }
}
