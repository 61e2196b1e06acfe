// Files by name, in a directory or in a tar file.
namespace Bootc.Oci.Transports;

/// <summary>A set of files that an image is made of.</summary>
internal interface IImageLayout : IDisposable
{
    /// <summary>The path of the whole, for messages.</summary>
    string Path { get; }

    /// <summary>Opens a file and tells its size; <see langword="null"/> when there is none of that name.</summary>
    (FileSlice Content, long Size)? TryOpen(string name);
}
