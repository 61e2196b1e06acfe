// A host that is left to its update agent: it follows a graph, asks for a lock before each reboot, and survives a broken release.
using System.Diagnostics;
using System.Text;
using Bootc.Testing;

namespace Bootc.E2E.Tests;

public sealed class AgentTests
{
    private const string Other = "00000000000000000000000000000001";

    [Fact]
    public void AHostFollowsAGraphAcrossABarrierUnderAFleetLockAndLeavesABrokenRelease()
    {
        InstalledHost.Require();
        Peer.Require("etcd");
        using var directory = new TestDirectory("fleet");
        using var etcd = new RealEtcd(directory);
        using Process server = StartLockManager(etcd.Url, out int port);
        try
        {
            string locks = $"http://127.0.0.1:{port}", v2 = DigestOf("v2"), broken = DigestOf("panics");
            using InstalledDisk installed = InstalledDisk.Install("bootc/example:v1", "--bootloader", "systemd");
            using Guest guest = installed.Start("agent.log", uefi: true);
            guest.WaitUntilBooted();
            InstalledDisk.TrustRegistry(guest);
            guest.WaitForNetwork();
            Write(guest, "/etc/graph.yaml", $"""
                schema: bootc.update-graph/v1
                stream: stable
                repository: "{DirectBoot.GuestRegistry}/bootc/example"
                nodes:
                  - version: "1"
                    image: {DigestOf("v1")}
                  - version: "2"
                    image: {v2}
                    barrier: hosts go through it
                  - version: "3"
                    image: {broken}
                """);
            Write(guest, "/etc/bootc/agent.d/50-fleet.toml", $"""
                graph.document = "/etc/graph.yaml"
                [updates]
                strategy = "fleet_lock"
                fleet_lock.base_url = "http://{Guest.HostAddress}:{port}"
                """);

            // Another host reboots just now: this one waits, with the release of the barrier staged.
            Ask("pre-reboot", locks);
            guest.Run("systemctl enable --now bootc-agent").Succeeded();
            guest.WaitUntil("bootc agent status | grep -q '2 is staged; the reboot waits: '", "the host waits for its lock", TimeSpan.FromMinutes(10));
            Assert.Contains(Other, Peer.Run(DirectBoot.Bootc, "fleet-lock", "list", "--url", locks).Succeeded());

            // The other host is back. This one goes to the release, says that it is well, goes on to the broken one, and comes back.
            Ask("steady-state", locks);
            guest.Run("systemctl restart bootc-agent").Succeeded(); // it would ask again in some minutes
            guest.WaitUntil(
                $"grep -q 'did not come up in 3 boots' /sysroot/ostree/bootc/failed-boots && grep -q {broken} /sysroot/ostree/bootc/failed-boots && bootc status --json | grep -q '\"booted\":.*{v2}' && bootc agent status | grep -q 'there is no newer release'",
                "the host left the broken release",
                InstalledHost.SeveralBoots * 2);
            Assert.Contains("default: 0 of 1 slots taken", Peer.Run(DirectBoot.Bootc, "fleet-lock", "list", "--url", locks).Succeeded());
            guest.PowerOff();
        }
        finally
        {
            server.Kill();
            server.WaitForExit();
        }
    }

    private static void Ask(string what, string url) => Peer.Run(DirectBoot.Bootc, "fleet-lock", what, "--url", url, "--id", Other).Succeeded();

    private static void Write(Guest guest, string path, string text) =>
        guest.Run($"mkdir -p $(dirname {path}) && echo {Convert.ToBase64String(Encoding.UTF8.GetBytes(text + "\n"))} | base64 -d > {path}").Succeeded();

    private static string DigestOf(string tag) =>
        Peer.Run("curl", "-fsS", "-o", "/dev/null", "-w", "%header{docker-content-digest}", "-I", "-H", "Accept: application/vnd.oci.image.manifest.v1+json", $"http://{DirectBoot.Registry}/v2/bootc/example/manifests/{tag}").Succeeded().Trim();

    private static Process StartLockManager(Uri etcd, out int port)
    {
        Process server = Process.Start(new ProcessStartInfo(DirectBoot.Bootc, ["fleet-lock", "serve", "--listen", "127.0.0.1:0", "--etcd", etcd.AbsoluteUri, "--group", "default=1"]) { RedirectStandardError = true })!;
        string? said = server.StandardError.ReadLine();
        Assert.StartsWith("Listening on ", said);
        port = new Uri(said!.Split(' ')[2].TrimEnd(';')).Port;
        _ = server.StandardError.ReadToEndAsync(); // so that it never waits for a reader
        return server;
    }
}
