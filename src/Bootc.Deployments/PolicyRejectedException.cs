// An image may not be used.
namespace Bootc.Deployments;

/// <summary>The policy for signatures does not let an image be used.</summary>
public sealed class PolicyRejectedException(string message) : DeploymentException(message);
