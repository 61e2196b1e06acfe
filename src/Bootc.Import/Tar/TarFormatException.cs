// A tar stream is damaged or hostile.
namespace Bootc.Import.Tar;

/// <summary>A tar stream is malformed; the message says at which offset and in which entry.</summary>
public sealed class TarFormatException(string message, Exception? inner = null) : ImportException(message, inner);
