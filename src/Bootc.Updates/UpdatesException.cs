// The errors of deciding when to update, named for what happened.
namespace Bootc.Updates;

/// <summary>Base of all errors that this library throws.</summary>
public class UpdatesException(string message, Exception? inner = null) : Exception(message, inner);
