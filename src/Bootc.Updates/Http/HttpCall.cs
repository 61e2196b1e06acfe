// A request to one of this library's servers.
using System.Security.Cryptography.X509Certificates;

namespace Bootc.Updates.Http;

/// <summary>A request.</summary>
/// <param name="Method">GET, POST, ...</param>
/// <param name="Path">The path, decoded, from <c>/</c> on.</param>
/// <param name="Query">The query with its question mark, as it was sent; may be empty.</param>
/// <param name="Header">Gives a header by its name; <see langword="null"/> when there is none or more than one.</param>
/// <param name="Body">The body.</param>
/// <param name="ClientCertificate">The certificate by which the client showed who it is.</param>
public sealed record HttpCall(string Method, string Path, string Query, Func<string, string?> Header, ReadOnlyMemory<byte> Body, X509Certificate2? ClientCertificate);
