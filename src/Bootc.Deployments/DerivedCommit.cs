// The commit that is deployed.
using Bootc.Composefs;
using Bootc.Ostree;
using Bootc.Ostree.Objects;

namespace Bootc.Deployments;

/// <summary>A commit in the repository, with what is at hand of it to deploy it.</summary>
/// <param name="Commit">The commit.</param>
/// <param name="Composefs">Its composefs image, when it was made just now.</param>
/// <param name="Facts">What is known of its files.</param>
public sealed record DerivedCommit(Checksum Commit, UnnamedImage? Composefs, Func<Checksum, FileFacts?>? Facts);
