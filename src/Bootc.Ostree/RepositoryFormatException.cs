// A directory is no ostree repository, or one that this program cannot use.
namespace Bootc.Ostree;

/// <summary>A directory is no ostree repository, or has a format or setting that is not supported.</summary>
public sealed class RepositoryFormatException(string message, Exception? inner = null) : OstreeException(message, inner);
