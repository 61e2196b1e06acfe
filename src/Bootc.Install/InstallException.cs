// The error of an installation that users can act on.
namespace Bootc.Install;

/// <summary>An installation cannot be made as it was asked for; the message says what to do about it.</summary>
public sealed class InstallException(string message, Exception? inner = null) : Exception(message, inner);
