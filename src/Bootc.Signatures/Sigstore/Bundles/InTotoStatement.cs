// What a statement is about (in-toto/attestation, spec/v1/statement.md).
using System.Text.Json;
using Bootc.Signatures.Json;

namespace Bootc.Signatures.Sigstore.Bundles;

/// <summary>An in-toto statement.</summary>
/// <param name="PredicateType">What kind of statement it is.</param>
/// <param name="Subjects">The names and digests of what it is about.</param>
internal sealed record InTotoStatement(string PredicateType, IReadOnlyList<(string Name, string Algorithm, string Digest)> Subjects)
{
    /// <summary>The type of what is signed.</summary>
    public const string PayloadType = "application/vnd.in-toto+json";
    /// <summary>The type of statements of the newest version.</summary>
    public const string NewestType = "https://in-toto.io/Statement/v1";

    private const int MaximumDepth = 256; // predicates hold lists of parts within parts
    private static readonly string[] Types = [NewestType, "https://in-toto.io/Statement/v0.1"];

    /// <summary>Reads a statement whose signature was verified.</summary>
    /// <exception cref="InvalidSignatureException">It is none.</exception>
    public static InTotoStatement Parse(string payloadType, ReadOnlyMemory<byte> json)
    {
        if (payloadType != PayloadType)
        {
            throw new InvalidSignatureException($"what was signed is of the type '{payloadType}', and no in-toto statement");
        }

        try
        {
            using JsonDocument document = StrictObject.Parse(json, MaximumDepth);
            return Read(new StrictObject(document.RootElement, ""));
        }
        catch (JsonFormatException e)
        {
            throw new InvalidSignatureException($"the statement is malformed: {e.Message}", e);
        }
    }

    /// <summary>Checks that the statement is about an artifact.</summary>
    /// <exception cref="InvalidSignatureException">It is not.</exception>
    public void RequireSubject(SignedArtifact artifact)
    {
        if (!Subjects.Any(subject => HashAlgorithms.TryParse(subject.Algorithm) is { } algorithm && subject.Digest == Convert.ToHexStringLower(artifact.DigestBy(algorithm))))
        {
            string subjects = string.Join(", ", Subjects.Take(3).Select(subject => $"{subject.Name} ({subject.Algorithm}:{subject.Digest})"));
            throw new InvalidSignatureException($"the statement is about {subjects}{(Subjects.Count > 3 ? ", ..." : "")}, not about {artifact.Name}");
        }
    }

    private static InTotoStatement Read(StrictObject statement)
    {
        string type = statement.GetString("_type");
        if (!Types.Contains(type))
        {
            throw new JsonFormatException($"it is of the type '{type}'");
        }

        JsonElement subjects = statement.Get("subject");
        if (subjects.ValueKind != JsonValueKind.Array || subjects.GetArrayLength() == 0)
        {
            throw new JsonFormatException("'subject' is no list, or an empty one");
        }

        return new InTotoStatement(statement.GetString("predicateType"), [.. subjects.EnumerateArray().SelectMany((subject, i) => ReadSubject(new StrictObject(subject, $"subject[{i}]")))]);
    }

    private static List<(string Name, string Algorithm, string Digest)> ReadSubject(StrictObject subject)
    {
        string name = subject.TryGetString("name") ?? "";
        var digests = new List<(string, string, string)>();
        StrictObject all = subject.GetObject("digest");
        foreach ((string algorithm, _) in all.All())
        {
            digests.Add((name, algorithm, all.GetString(algorithm)));
        }

        return digests;
    }
}
