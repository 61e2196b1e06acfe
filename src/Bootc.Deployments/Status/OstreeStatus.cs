// The ostree side of a deployment.
namespace Bootc.Deployments.Status;

/// <summary>The deployment's place in the sysroot.</summary>
public sealed record OstreeStatus
{
    /// <summary>The stateroot.</summary>
    public required string Stateroot { get; init; }

    /// <summary>The commit.</summary>
    public required string Checksum { get; init; }

    /// <summary>Which of the deployments of that commit.</summary>
    public required int DeploySerial { get; init; }
}
