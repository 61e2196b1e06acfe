// The kernel of an image.
namespace Bootc.Deployments.Status;

/// <summary>The kernel of an image.</summary>
/// <param name="Version">Its version: the name of its directory in <c>/usr/lib/modules</c>, or of its file without <c>.efi</c>.</param>
/// <param name="Unified">It is one file together with initramfs and command line (a unified kernel image), in <c>/boot/EFI/Linux</c>.</param>
public sealed record InspectedKernel(string Version, bool Unified);
