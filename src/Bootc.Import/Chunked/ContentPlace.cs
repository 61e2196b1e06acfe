// Where content is in a repository.
using Bootc.Ostree.Objects;

namespace Bootc.Import.Chunked;

/// <summary>A part, or all, of a content object.</summary>
/// <param name="Object">The object.</param>
/// <param name="Offset">Where in its content the part starts.</param>
/// <param name="Size">How many bytes it is.</param>
internal readonly record struct ContentPlace(Checksum Object, long Offset, long Size);
