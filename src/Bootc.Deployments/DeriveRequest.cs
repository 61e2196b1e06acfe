// What a commit is derived of.
using Bootc.Composefs.FsVerity;
using Bootc.Import;
using Bootc.Ostree.Objects;

namespace Bootc.Deployments;

/// <summary>A commit that is to be derived of an image's.</summary>
public sealed record DeriveRequest
{
    /// <summary>The sysroot, locked by the caller.</summary>
    public required Sysroot Sysroot { get; init; }

    /// <summary>The image.</summary>
    public required PulledImage Image { get; init; }

    /// <summary>Says what is wanted besides the image.</summary>
    public required Origin Origin { get; init; }

    /// <summary>The deployment whose <c>/etc</c> the new one takes over: its settings say where packages come from.</summary>
    public Deployment? Merge { get; init; }

    /// <summary>Whether newer packages are looked for although nothing else is new.</summary>
    public bool LooksForNewer { get; init; }

    /// <summary>Told what is done.</summary>
    public required IOperationProgress Progress { get; init; }

    /// <summary>Spares reading the content of files.</summary>
    public Func<Checksum, VerityDigest?>? KnownDigests { get; init; }
}
