// An image in the list of images.
using System.Text.Json.Serialization;

namespace Bootc.Cli.Presentation;

/// <summary>A line of <c>image list</c>; in JSON as bootc has it.</summary>
internal sealed record ImageListEntry(string Image, [property: JsonPropertyName("image_type")] string ImageType);
