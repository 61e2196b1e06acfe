// The error of images that are bound.
namespace Bootc.Deployments.Bound;

/// <summary>What an OS image binds is not named as it must be, or cannot be had; the message says what and why. The host is as it was.</summary>
public sealed class BoundImageException(string message, Exception? inner = null) : DeploymentException(message, inner);
