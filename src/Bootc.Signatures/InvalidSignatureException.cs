// A signature is none, or not one that counts.
namespace Bootc.Signatures;

/// <summary>A signature, or something that belongs to one, does not verify; the message says what.</summary>
public sealed class InvalidSignatureException(string message, Exception? inner = null) : Exception(message, inner);
