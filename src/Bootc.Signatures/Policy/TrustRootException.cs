// The keys that a policy names cannot be used.
namespace Bootc.Signatures.Policy;

/// <summary>A key or certificate that a requirement names is missing or malformed, so that nothing meets it.</summary>
public sealed class TrustRootException(string message, Exception? inner = null) : Exception(message, inner);
