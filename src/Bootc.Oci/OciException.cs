// The errors of finding and fetching images, named for what happened.
namespace Bootc.Oci;

/// <summary>Base of all errors that this library throws about images and the places they come from.</summary>
public class OciException(string message, Exception? inner = null) : Exception(message, inner);
