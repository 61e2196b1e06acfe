// What a log says its whole tree is (C2SP, signed-note.md and tlog-checkpoint.md).
using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Bootc.Signatures.Json;

namespace Bootc.Signatures.Sigstore.Bundles;

/// <summary>A signed note that tells the size and the root hash of a log's tree.</summary>
internal sealed class Checkpoint
{
    /// <summary>How many bytes of a key's identifier stand before a signature.</summary>
    public const int KeyHintSize = 4;

    private const int MaximumSignatures = 100;
    private readonly byte[] _text;
    private readonly List<(string Name, uint KeyHint, byte[] Value)> _signatures = [];

    /// <exception cref="JsonFormatException">It is malformed.</exception>
    public Checkpoint(string envelope, string path)
    {
        int end = envelope.LastIndexOf("\n\n", StringComparison.Ordinal);
        if (end <= 0 || end + 2 >= envelope.Length || envelope[^1] != '\n' || envelope.Any(c => c is < ' ' and not '\n'))
        {
            throw new JsonFormatException($"'{path}' is no signed note");
        }

        _text = Encoding.UTF8.GetBytes(envelope[..(end + 1)]);
        foreach (string line in envelope[(end + 2)..^1].Split('\n'))
        {
            _signatures.Add(_signatures.Count < MaximumSignatures ? ReadSignature(line, path) : throw new JsonFormatException($"'{path}' has more than {MaximumSignatures} signatures"));
        }

        // What follows the root hash is of the log's own choice, as a time.
        string[] lines = envelope[..end].Split('\n');
        if (lines.Length < 3 || lines[0].Length == 0 || !long.TryParse(lines[1], NumberStyles.None, CultureInfo.InvariantCulture, out long size)
            || size.ToString(CultureInfo.InvariantCulture) != lines[1])
        {
            throw new JsonFormatException($"'{path}' is no checkpoint");
        }

        Origin = lines[0];
        TreeSize = size;
        RootHash = StrictObject.FromBase64(lines[2], path);
    }

    /// <summary>By which log it is, in its own words.</summary>
    public string Origin { get; }

    /// <summary>How many entries the tree has.</summary>
    public long TreeSize { get; }

    /// <summary>The hash of the tree's root.</summary>
    public byte[] RootHash { get; }

    /// <summary>Checks that it is one of a log.</summary>
    /// <param name="log">The log.</param>
    /// <param name="mustBeNamed">Whether the log must be named as the trusted root names it: a signature may not be one of another log then that has the same key.</param>
    /// <exception cref="InvalidSignatureException">It is not.</exception>
    public void RequireSignature(LogInstance log, bool mustBeNamed)
    {
        if (mustBeNamed && log.BaseUrl.Length > 0 && Origin != log.Origin)
        {
            throw new InvalidSignatureException($"the checkpoint is one of the log {Origin}, not of {log.Origin}");
        }

        uint hint = BinaryPrimitives.ReadUInt32BigEndian(log.CheckpointId);
        if (!_signatures.Any(signature => signature.KeyHint == hint && IsOwn(signature.Name) && log.Verifies(_text, signature.Value)))
        {
            throw new InvalidSignatureException($"the checkpoint is not signed by the log {log}");
        }
    }

    // Rekor v1 adds the number of its tree to its name.
    private bool IsOwn(string name) => Origin == name || Origin.StartsWith($"{name} - ", StringComparison.Ordinal);

    private static (string Name, uint KeyHint, byte[] Value) ReadSignature(string line, string path)
    {
        if (line.Split(' ') is not ["\u2014", { Length: > 0 } name, var text] || StrictObject.FromBase64(text, path) is not { Length: > KeyHintSize } bytes)
        {
            throw new JsonFormatException($"'{path}' has a malformed signature");
        }

        return (name, BinaryPrimitives.ReadUInt32BigEndian(bytes), bytes[KeyHintSize..]);
    }
}
