// What a new deployment is made of.
using Bootc.Composefs;
using Bootc.Composefs.FsVerity;
using Bootc.Ostree;
using Bootc.Ostree.Objects;

namespace Bootc.Deployments;

/// <summary>A deployment that is to be made.</summary>
public sealed record DeployRequest
{
    /// <summary>The stateroot.</summary>
    public required string Stateroot { get; init; }

    /// <summary>The commit.</summary>
    public required Checksum Commit { get; init; }

    /// <summary>Where it comes from.</summary>
    public required Origin Origin { get; init; }

    /// <summary>The deployment whose <c>/etc</c> and kernel arguments it takes over.</summary>
    public Deployment? Merge { get; init; }

    /// <summary>
    /// Kernel arguments instead of those of <see cref="Merge"/>, kept as they are; without <see cref="Merge"/>, those that the
    /// image asks for are added to them.
    /// </summary>
    public IReadOnlyList<string>? KernelArguments { get; init; }

    /// <summary>Without <see cref="Merge"/> and <see cref="KernelArguments"/>: makes the kernel arguments of those that the image asks for.</summary>
    public Func<IReadOnlyList<string>, IReadOnlyList<string>>? ArrangeArguments { get; init; }

    /// <summary>What other programs note in its boot entry (<see cref="Boot.BootEntry.Extensions"/>), instead of what they noted in that of <see cref="Merge"/>.</summary>
    public IReadOnlyList<KeyValuePair<string, string>>? EntryExtensions { get; init; }

    /// <summary>On a running host: the deployment waits to be released before shutdown makes it bootable.</summary>
    public bool IsLocked { get; init; }

    /// <summary>The commit's composefs image, when it was just made; its digest is checked in any case.</summary>
    public UnnamedImage? ComposefsImage { get; init; }

    /// <summary>The deployment's files, when they are made already, or on their way; whoever began them ends them.</summary>
    internal EarlyCheckout? Checkout { get; init; }

    /// <summary>Spares looking at objects.</summary>
    public Func<Checksum, FileFacts?>? Facts { get; init; }

    /// <summary>Spares reading the content of files.</summary>
    public Func<Checksum, VerityDigest?>? KnownDigests { get; init; }
}
