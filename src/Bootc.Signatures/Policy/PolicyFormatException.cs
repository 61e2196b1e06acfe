// A policy cannot be understood.
namespace Bootc.Signatures.Policy;

/// <summary>A containers-policy.json is malformed or says something that is not known: nothing may be used by it.</summary>
public sealed class PolicyFormatException(string message, Exception? inner = null) : Exception(message, inner);
