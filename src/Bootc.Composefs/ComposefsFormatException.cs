// Bytes or trees that cannot be a composefs image.
namespace Bootc.Composefs;

/// <summary>A tree, dump file or image does not have composefs's format; the message says where and why.</summary>
public sealed class ComposefsFormatException(string message, Exception? inner = null) : FormatException(message, inner);
