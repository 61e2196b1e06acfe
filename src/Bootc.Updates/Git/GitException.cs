// A repository cannot be used.
namespace Bootc.Updates.Git;

/// <summary>git failed, or did not do what was asked of it within its bounds.</summary>
public class GitException(string message, Exception? inner = null) : UpdatesException(message, inner);
