// A lock manager said no.
namespace Bootc.Updates.FleetLock;

/// <summary>A request to a lock manager failed: it said why, or answered with an error of HTTP alone.</summary>
public sealed class LockRejectedException(string endpoint, int status, FleetLockError error)
    : UpdatesException($"lock manager {endpoint} rejection, code {status}: {error.Value}")
{
    /// <summary>What was asked for: <c>pre-reboot</c>, <c>steady-state</c>, ...</summary>
    public string Endpoint { get; } = endpoint;

    /// <summary>The status code of HTTP.</summary>
    public int Status { get; } = status;

    /// <summary>What the manager says of it; for answers that say nothing, <c>generic_http_</c> and the status.</summary>
    public FleetLockError Error { get; } = error;
}
