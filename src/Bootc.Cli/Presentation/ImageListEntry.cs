// An image in the list of images.
namespace Bootc.Cli.Presentation;

/// <summary>A line of <c>image list</c>.</summary>
internal sealed record ImageListEntry(string Image, string ImageType);
