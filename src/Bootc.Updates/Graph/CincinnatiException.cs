// A graph server cannot be used.
namespace Bootc.Updates.Graph;

/// <summary>A graph could not be fetched from a server, or what came is none.</summary>
/// <param name="kind">What kind of error it is, one of a few words: those of the server, or zincati's own.</param>
/// <param name="message">What is wrong, for people.</param>
/// <param name="inner">The cause.</param>
public sealed class CincinnatiException(string kind, string message, Exception? inner = null) : UpdatesException(message, inner)
{
    /// <summary>What kind of error it is.</summary>
    public string Kind { get; } = kind;
}
