// What a simulation saw.
namespace Bootc.Fleet.Bench;

/// <summary>The result of a simulation.</summary>
/// <param name="Upgraded">Hosts that were upgraded.</param>
/// <param name="Died">Hosts that died while they held a lock.</param>
/// <param name="MostHolders">The most hosts that held a lock at a time.</param>
/// <param name="Refused">Requests that were refused since all slots were taken.</param>
/// <param name="Rate">Locks and releases a second.</param>
/// <param name="Median">The median of the time that a request took.</param>
/// <param name="P99">The time that 99 of 100 requests took at most.</param>
internal sealed record FleetResult(int Upgraded, int Died, int MostHolders, int Refused, double Rate, TimeSpan Median, TimeSpan P99);
