// A signature in the simple signing format.
namespace Bootc.Oci.Signatures;

/// <summary>A signed OpenPGP message (containers/image, docs/containers-signature.5.md).</summary>
/// <param name="Origin">Where it was found.</param>
/// <param name="Message">The message.</param>
public sealed record SimpleSignature(string Origin, ReadOnlyMemory<byte> Message) : ImageSignature(Origin);
