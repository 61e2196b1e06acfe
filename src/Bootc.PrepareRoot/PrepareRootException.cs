// The error by which a boot ends in the initramfs.
namespace Bootc.PrepareRoot;

/// <summary>The root cannot be prepared; the message says which file is wrong and why.</summary>
internal sealed class PrepareRootException(string message, Exception? inner = null) : Exception(message, inner);
