// derive: a commit made of an image's commit and of what the host wants besides.
namespace Bootc.Deployments;

/// <summary>Makes of an image's commit the one that is deployed, where the host wants more than its image.</summary>
public interface IDeriver
{
    /// <summary>Makes the commit, or finds it where it was made before of the same.</summary>
    /// <exception cref="DeploymentException">What the host wants cannot be had with this image; the message says what and why. Nothing is changed.</exception>
    DerivedCommit Derive(DeriveRequest request, CancellationToken cancellation);
}
