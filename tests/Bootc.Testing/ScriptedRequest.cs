// What a client asked a scripted server.
namespace Bootc.Testing;

/// <summary>A request; the names of headers are lower-case.</summary>
public sealed record ScriptedRequest(string Method, string Path, IReadOnlyDictionary<string, string> Headers, string Body)
{
    /// <summary>A header, or <see langword="null"/>.</summary>
    public string? Header(string name) => Headers.GetValueOrDefault(name);
}
