// What a scripted server answers.
using System.Text;

namespace Bootc.Testing;

/// <summary>An answer, whole or broken.</summary>
public sealed record ScriptedAnswer(int Status, byte[] Body)
{
    public ScriptedAnswer(int status, string body = "")
        : this(status, Encoding.UTF8.GetBytes(body))
    {
    }

    public Dictionary<string, string> Headers { get; init; } = [];

    /// <summary>The connection breaks after so many bytes of the body.</summary>
    public int? BreakAfter { get; init; }

    /// <summary>The connection breaks by being closed, not by a reset.</summary>
    public bool BreaksCleanly { get; init; }

    /// <summary>Nothing more comes after what was sent, and the connection stays open.</summary>
    public bool Stalls { get; init; }

    /// <summary>So many bytes of the body come each tenth of a second.</summary>
    public int? DripsBytes { get; init; }

    /// <summary>The same answer with one more header.</summary>
    public ScriptedAnswer With(string header, string value) => this with { Headers = new(Headers) { [header] = value } };
}
