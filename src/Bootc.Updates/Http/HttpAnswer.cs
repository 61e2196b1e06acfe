// What one of this library's servers answers.
using System.Text;

namespace Bootc.Updates.Http;

/// <summary>An answer.</summary>
/// <param name="Status">The status code.</param>
/// <param name="ContentType">The type of the body; <see langword="null"/> when there is none.</param>
/// <param name="Body">The body.</param>
public sealed record HttpAnswer(int Status, string? ContentType, ReadOnlyMemory<byte> Body)
{
    /// <summary>All went well, and there is nothing to say.</summary>
    public static HttpAnswer Empty { get; } = new(200, null, default);

    /// <summary>Headers besides those of the body.</summary>
    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    /// <summary>The kind of error that the body tells of; not sent.</summary>
    public string? ErrorKind { get; init; }

    /// <summary>An answer in JSON.</summary>
    public static HttpAnswer Json(int status, ReadOnlyMemory<byte> body) => new(status, "application/json", body);

    /// <summary>An answer in text.</summary>
    public static HttpAnswer Text(int status, string contentType, string text) => new(status, contentType, Encoding.UTF8.GetBytes(text));
}
