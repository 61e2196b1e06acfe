// What a push did.
using Bootc.Oci.Model;

namespace Bootc.Oci;

/// <summary>An image as it is in the registry now.</summary>
/// <param name="Digest">The digest of its manifest there.</param>
/// <param name="Uploaded">How many blobs were sent.</param>
/// <param name="Mounted">How many blobs the registry took from another of its repositories.</param>
/// <param name="Present">How many blobs were there.</param>
/// <param name="BytesUploaded">How many bytes the blobs have that were sent.</param>
public sealed record PushedImage(Digest Digest, int Uploaded, int Mounted, int Present, long BytesUploaded);
