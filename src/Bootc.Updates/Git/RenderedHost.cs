// What a repository wants of one host.
using System.Security.Cryptography;
using Bootc.Updates.Documents;

namespace Bootc.Updates.Git;

/// <summary>All documents that are for a host, laid over one another.</summary>
/// <param name="Name">The host's name.</param>
/// <param name="Document">What comes of them.</param>
/// <param name="Sources">The documents, the lowest first: <c>BootcHostGroup web (hosts/web.yaml:1)</c>.</param>
public sealed record RenderedHost(string Name, HostDocument Document, IReadOnlyList<string> Sources)
{
    /// <summary>Whether any document is for the host.</summary>
    public bool IsManaged => Sources.Count > 0;

    /// <summary>The document as JSON.</summary>
    public byte[] ToJson() => HostDocumentJson.Write(Document, Name);

    /// <summary>A short name for just this wish, by which it is known again.</summary>
    public string Fingerprint => Convert.ToHexStringLower(SHA256.HashData(ToJson()))[..32];
}
