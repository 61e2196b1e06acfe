// The errors of deploying, named for what happened.
namespace Bootc.Deployments;

/// <summary>A deployment cannot be made or changed; the message says why. The host is as it was.</summary>
public class DeploymentException(string message, Exception? inner = null) : Exception(message, inner);
