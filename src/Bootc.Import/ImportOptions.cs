// How an image is imported.
using Bootc.Composefs.FsVerity;
using Bootc.Oci;
using Bootc.Oci.Model;
using Bootc.Ostree;
using Bootc.Ostree.Objects;

namespace Bootc.Import;

/// <summary>Settings of an import.</summary>
public sealed record ImportOptions
{
    /// <summary>The platform whose image is wanted.</summary>
    public Platform Platform { get; init; } = Platform.Current;

    /// <summary>Asked whether an image may be used as soon as its manifest is known, before anything else of it is read; throws when not.</summary>
    public Func<IImageSource, ResolvedManifest, CancellationToken, Task>? Admit { get; init; }

    /// <summary>
    /// Asked whether the ostree commit in an image may be used, with its checksum, its bytes and its detached metadata, before it becomes
    /// visible; throws when not. Then an image must hold nothing but such a commit: layers on top of it are vouched for by no one.
    /// </summary>
    public CommitAdmission? AdmitCommit { get; init; }

    /// <summary>How many layers are fetched at once.</summary>
    public int ParallelLayers { get; init; } = 2;

    /// <summary>fs-verity digests of files that are known already, as from the images of existing deployments.</summary>
    public Func<Checksum, VerityDigest?>? KnownDigests { get; init; }

    /// <summary>Finds a commit's image of which that of the new commit takes over what is the same.</summary>
    public Func<CommitImage?>? FindImageLike { get; init; }

    /// <summary>
    /// Told of the image's commit as soon as that is known, which may be before all layers were compared with their diff-ids: for what
    /// can go on meanwhile and be taken back. What it returns is disposed when the commit is not to be, before anything else is done.
    /// </summary>
    public Func<AnticipatedCommit, IDisposable?>? Anticipate { get; init; }
}
