// The errors of layering.
using Bootc.Deployments;

namespace Bootc.Layering;

/// <summary>Packages cannot be added to an image or taken from it; the message says which and why. The host is as it was.</summary>
public sealed class LayeringException(string message, Exception? inner = null) : DeploymentException(message, inner);
