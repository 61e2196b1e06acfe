// Who says whether the ostree commit in an image may be used.
using Bootc.Ostree.GVariant;
using Bootc.Ostree.Objects;

namespace Bootc.Import;

/// <summary>Refuses an ostree commit by throwing an exception.</summary>
/// <param name="checksum">The commit's checksum, which its bytes have.</param>
/// <param name="commit">Its serialized bytes.</param>
/// <param name="metadata">Its detached metadata, where signatures are, if it has any.</param>
public delegate void CommitAdmission(Checksum checksum, ReadOnlyMemory<byte> commit, VariantDictionary? metadata);
