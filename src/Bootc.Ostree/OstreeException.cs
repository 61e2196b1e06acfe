// The errors of an ostree repository, named for what happened.
namespace Bootc.Ostree;

/// <summary>Base of all errors that this library throws about a repository's content.</summary>
public class OstreeException : Exception
{
    /// <summary>An error with a message for users.</summary>
    public OstreeException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
