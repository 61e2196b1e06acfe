// What a new deployment is made of.
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

    /// <summary>Kernel arguments instead of those of <see cref="Merge"/>.</summary>
    public IReadOnlyList<string>? KernelArguments { get; init; }

    /// <summary>On a running host: the deployment waits to be released before shutdown makes it bootable.</summary>
    public bool IsLocked { get; init; }
}
