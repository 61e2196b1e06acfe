// The commit of an image before it counts.
using Bootc.Ostree.Objects;

namespace Bootc.Import;

/// <summary>
/// The commit that an image will have if its layers turn out to be what they should be. Nothing refers to it yet; its files are
/// objects of the repository, and its directories are known to it.
/// </summary>
/// <param name="Commit">The commit.</param>
/// <param name="Tree">Its root directory's names.</param>
/// <param name="Meta">Its root directory's metadata.</param>
/// <param name="Facts">What is known of its files; nothing is added to that as long as the commit is anticipated.</param>
public sealed record AnticipatedCommit(Checksum Commit, Checksum Tree, Checksum Meta, LayerFacts Facts);
