// Simulates a fleet that is updated under fleet locks: many hosts, several lock managers, one etcd; hosts die while they hold a lock,
// and a lock manager is killed. What must hold is checked, and the throughput is compared with transactions on etcd alone.
using System.Globalization;
using Bootc.Fleet.Bench;

if (args.Length != 2 || !int.TryParse(args[1], CultureInfo.InvariantCulture, out int hosts))
{
    Console.Error.WriteLine("usage: Bootc.Fleet.Bench BOOTC HOSTS");
    return 2;
}

const int Slots = 50;
const int Servers = 3;
string work = Directory.CreateTempSubdirectory("bootc-fleet-").FullName;
try
{
    using var etcd = new EtcdProcess(work);
    TransactionRate limit = await EtcdAlone.RunAsync(etcd.Url, Math.Min(hosts, 2000), Servers, Slots);
    await using var fleet = new SimulatedFleet(args[0], etcd.Url, work, Servers, Slots);
    FleetResult result = await fleet.RunAsync(hosts);
    Console.WriteLine($"hosts: {hosts}, of which {result.Died} died while they held a lock and were let go by an administrator; slots: {Slots}; lock managers: {Servers}, of which one was killed");
    Console.WriteLine($"upgraded: {result.Upgraded}; most holders at a time: {result.MostHolders}; requests refused since all slots were taken: {result.Refused}");
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"locks and releases a second: {result.Rate:0}; etcd alone: {limit.Rate:0}; ratio: {result.Rate / limit.Rate:0.00} (goal: at least 0.70)"));
    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"latency of a request: median {result.Median.TotalMilliseconds:0.0} ms, p99 {result.P99.TotalMilliseconds:0.0} ms"));
    bool holds = result.MostHolders <= Slots && result.Upgraded + result.Died == hosts;
    Console.WriteLine(holds ? "every surviving host was upgraded, and there were never more holders than slots" : "error: there were more holders than slots, or hosts were forgotten");
    return holds ? 0 : 1;
}
finally
{
    Directory.Delete(work, recursive: true);
}
