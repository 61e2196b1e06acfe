// A container engine cannot be reached, or refuses what it is asked.
namespace Bootc.Oci.Engine;

/// <summary>A container engine does not answer, or answers with an error.</summary>
public sealed class EngineException(string message, Exception? inner = null) : OciException(message, inner);
