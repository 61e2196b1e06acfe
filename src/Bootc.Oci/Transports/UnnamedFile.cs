// Files that have no name, and are gone when they are closed.
using Bootc.Linux;

namespace Bootc.Oci.Transports;

internal static class UnnamedFile
{
    /// <summary>Makes a file in a directory, for those who have its handle.</summary>
    /// <exception cref="OciException">The directory is missing, or takes no files.</exception>
    public static FileStream Create(string directory)
    {
        try
        {
            using DirectoryHandle place = DirectoryHandle.Open(directory);
            return new FileStream(place.CreateTemporaryFile(), FileAccess.ReadWrite, bufferSize: 0);
        }
        catch (LinuxException e)
        {
            throw new OciException($"there is no room for temporary files in {directory}: {LinuxException.Describe(e.Error)} (TMPDIR names another directory)", e);
        }
    }

    /// <summary>The path by which this process opens a file once more.</summary>
    public static string PathOf(FileStream file) => $"/proc/self/fd/{file.SafeFileHandle.DangerousGetHandle()}";
}
