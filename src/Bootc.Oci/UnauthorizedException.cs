// A registry wants credentials, or others.
namespace Bootc.Oci;

/// <summary>A registry refuses access with the credentials that were found, or without any.</summary>
public sealed class UnauthorizedException(string message, Exception? inner = null) : OciException(message, inner);
