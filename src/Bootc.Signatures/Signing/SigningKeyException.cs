// A private key cannot be used.
namespace Bootc.Signatures.Signing;

/// <summary>A private key is malformed, of a kind that is not supported, or locked by another password; the message says which.</summary>
public sealed class SigningKeyException(string message, Exception? inner = null) : Exception(message, inner);
