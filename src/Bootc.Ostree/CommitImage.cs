// The composefs image of a commit at hand, for those of other commits that differ in little.
using Bootc.Composefs;
using Bootc.Composefs.FsVerity;
using Bootc.Ostree.Objects;

namespace Bootc.Ostree;

/// <summary>A commit, and its composefs image as it is deployed.</summary>
public sealed class CommitImage
{
    private CommitImage(Checksum commit, ImageDirectory root)
    {
        Commit = commit;
        Root = root;
    }

    /// <summary>The commit.</summary>
    public Checksum Commit { get; }

    /// <summary>The root of its image.</summary>
    public ImageDirectory Root { get; }

    /// <summary>
    /// Reads a commit's image; <see langword="null"/> when it cannot be read or is not what the commit says: it only spares work.
    /// </summary>
    /// <param name="repository">The repository with the commit.</param>
    /// <param name="commit">The commit.</param>
    /// <param name="path">The file.</param>
    public static CommitImage? TryOpen(Repository repository, Checksum commit, string path)
    {
        try
        {
            if (repository.LoadCommit(commit).Metadata.TryGetBytes(CommitComposefs.DigestKey) is not { } digest || !File.Exists(path))
            {
                return null;
            }

            byte[] content = File.ReadAllBytes(path);
            return digest.Span.SequenceEqual(VerityHasher.Compute(content).ToArray()) ? new CommitImage(commit, ImageDirectory.OpenRoot(content)) : null;
        }
        catch (Exception e) when (e is OstreeException or ComposefsFormatException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
