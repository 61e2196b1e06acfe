// Something that can be pushed as a blob.
using Bootc.Oci.Model;

namespace Bootc.Oci;

/// <summary>The content of a blob, which can be read as often as it takes to push it.</summary>
public interface IBlobContent
{
    /// <summary>What it is, for messages.</summary>
    string Name { get; }

    /// <summary>Digest and size. Of content that is made while it is read, they are known when it was read to its end.</summary>
    Descriptor? Descriptor { get; }

    /// <summary>Opens it at its first byte. It is the same content each time.</summary>
    /// <exception cref="OciException">It cannot be had.</exception>
    Task<Stream> OpenAsync(CancellationToken cancellation);
}
