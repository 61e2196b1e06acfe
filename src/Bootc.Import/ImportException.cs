// The errors of bringing an image into a repository.
namespace Bootc.Import;

/// <summary>An image cannot be imported; the message says which part of it and why.</summary>
public class ImportException(string message, Exception? inner = null) : Exception(message, inner);
