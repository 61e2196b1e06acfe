// A JSON document is not what it should be.
namespace Bootc.Signatures.Json;

/// <summary>A document lacks something, has something that it may not have, or is no JSON; the message says where.</summary>
internal sealed class JsonFormatException(string message, Exception? inner = null) : Exception(message, inner);
