// The place where semaphores are kept cannot be used.
namespace Bootc.Updates.FleetLock;

/// <summary>Semaphores could not be read or changed. What was asked for may or may not have happened; asking again is safe.</summary>
public sealed class LockStoreException(string message, Exception? inner = null) : UpdatesException(message, inner);
