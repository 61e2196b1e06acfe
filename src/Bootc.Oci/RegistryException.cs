// A registry answered with an error, or not at all.
namespace Bootc.Oci;

/// <summary>A registry cannot be reached, or answers with an error.</summary>
public sealed class RegistryException(string message, int? status = null, Exception? inner = null) : OciException(message, inner)
{
    /// <summary>The HTTP status, when there was an answer.</summary>
    public int? Status { get; } = status;
}
