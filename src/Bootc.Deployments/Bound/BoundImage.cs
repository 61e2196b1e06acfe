// An image that an OS image binds: it is on the host before the OS boots.
namespace Bootc.Deployments.Bound;

/// <summary>A logically bound image (https://bootc-dev.github.io/bootc/logically-bound-images.html).</summary>
/// <param name="Image">The image's name, as podman takes it.</param>
/// <param name="Source">The file in the OS image that names it.</param>
public sealed record BoundImage(string Image, string Source);
