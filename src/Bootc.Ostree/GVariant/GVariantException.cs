// Bytes that are no normal-form GVariant of the expected type.
namespace Bootc.Ostree.GVariant;

/// <summary>Serialized data is not in normal form for its type.</summary>
public sealed class GVariantException(string message) : FormatException(message);
