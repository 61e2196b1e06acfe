// The error of releases that were found and are not wanted any more.
namespace Bootc.Updates.Agent;

/// <summary>What a host was about to go to is outdated: what it goes to now is to be looked for.</summary>
public sealed class ReleaseOutdatedException(string message) : UpdatesException(message);
