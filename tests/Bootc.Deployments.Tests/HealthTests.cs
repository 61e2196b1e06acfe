// A deployment that fails its checks when it is booted first is left for the one before, and is not deployed again.
using System.Text.Json.Nodes;
using Bootc.Deployments.Health;
using Bootc.Testing;

namespace Bootc.Deployments.Tests;

public class HealthTests
{
    [Fact]
    public void Checks_run_in_order_and_those_in_etc_take_the_place_of_those_in_usr()
    {
        using var root = new TestDirectory("health");
        Write(root, "usr/lib", "required.d/20-b", "echo broken >&2; exit 3");
        Write(root, "usr/lib", "required.d/10-a", "exit 1");
        Write(root, "etc", "required.d/10-a", "exit 0");
        Write(root, "usr/lib", "required.d/30-off", "exit 1");
        File.CreateSymbolicLink(root["etc/bootc/health.d/required.d/30-off"], "/dev/null");
        Write(root, "etc", "wanted.d/05-w", "exit 1");
        Peer.Run("chmod", "400", root["etc/bootc/health.d/wanted.d/05-w"]).Succeeded();

        HealthCheck[] checks = [.. HealthChecks.Run(root.Path)];

        Assert.Equal([("10-a", true, null), ("20-b", true, "exit code 3, broken")], checks[..2].Select(check => (check.Name, check.IsRequired, check.Failure)));
        Assert.Equal(("05-w", false), (checks[2].Name, checks[2].IsRequired));
        Assert.StartsWith("it cannot be run: ", checks[2].Failure);
        Assert.Equal(3, checks.Length);
    }

    [Fact]
    public void Check_that_leaves_a_program_running_is_over_when_it_ends()
    {
        using var root = new TestDirectory("health");
        Write(root, "etc", "required.d/10-daemon", "sleep 600 & echo $!");
        Write(root, "etc", "required.d/20-fails", "sleep 600 & echo $! >&2; exit 4");

        HealthCheck[] checks = [.. HealthChecks.Run(root.Path)];

        Assert.Null(checks[0].Failure);
        Assert.StartsWith("exit code 4, ", checks[1].Failure);
        Peer.Run("pkill", "-f", "^sleep 600$");
    }

    [Fact]
    public void Failed_deployment_gives_way_and_is_deployed_again_only_on_demand()
    {
        using TestHost host = Updated(out BootedHost booted);
        string entries = string.Join(' ', Titles(host));

        var failed = booted.Shell(Check("required", "echo no network; exit 1") + "$BOOTC internals health-check --no-reboot");
        string fallen = string.Join(' ', Titles(host));
        JsonNode status = JsonNode.Parse(booted.Bootc("status", "--format", "json").Succeeded())!["status"]!;
        var previous = new BootedHost(host); // now the deployment before runs
        string refused = previous.Bootc("upgrade").Succeeded();
        previous.Bootc("upgrade", "--force", "--download-only").Succeeded();
        string stillRefused = previous.Bootc("upgrade", "--from-downloaded").Succeeded();
        string forced = previous.Bootc("upgrade", "--from-downloaded", "--force").Succeeded();

        Assert.Equal("Test OS 2 (ostree:0) Test OS 1 (ostree:1)", entries);
        Assert.Equal("Test OS 1 (ostree:0) Test OS 2 (ostree:1)", fallen);
        Assert.Equal(1, failed.ExitCode);
        Assert.Contains("check 50-test failed: exit code 1, no network; going back to ", failed.Error);
        Assert.Equal("check 50-test failed: exit code 1, no network", (string?)status["failedBoots"]![(string)status["booted"]!["image"]!["imageDigest"]!]);
        Assert.StartsWith("No update: ", refused);
        Assert.StartsWith("No update: ", stillRefused);
        Assert.Contains("The staged update is released for the next boot", forced);
        host.AssertSound();
    }

    [Fact]
    public void Good_deployment_stays_whatever_fails_later()
    {
        using TestHost host = Updated(out BootedHost booted);
        string before = string.Join(' ', Titles(host));

        booted.Shell(Check("wanted", "exit 1") + "$BOOTC internals health-check").Succeeded();
        var later = booted.Shell(Check("required", "exit 1") + "$BOOTC internals health-check");

        Assert.Equal(1, later.ExitCode);
        Assert.Matches("^error: check 50-test failed: exit code 1; [0-9a-f]{64}\\.0 booted well before, so it stays\n$", later.Error);
        Assert.Equal(before, string.Join(' ', Titles(host)));
        Assert.Equal([true, false], host.Deployments.Select(deployment => deployment.Origin.IsGood));
        host.AssertSound();
    }

    [Fact]
    public void There_is_no_going_back_to_what_failed_before()
    {
        using TestHost host = Updated(out BootedHost booted);
        booted.Shell(Check("required", "exit 1") + "$BOOTC internals health-check --no-reboot");
        var previous = new BootedHost(host);

        var result = previous.Shell(Check("required", "exit 1") + "$BOOTC internals health-check --no-reboot");

        Assert.Equal((1, "error: check 50-test failed: exit code 1; there is no deployment to go back to\n"), (result.ExitCode, result.Error));
        Assert.Equal("Test OS 1 (ostree:0) Test OS 2 (ostree:1)", string.Join(' ', Titles(host)));
    }

    // In /etc of the chroot, which is no deployment's.
    private static string Check(string kind, string script) =>
        $"d=/etc/bootc/health.d; rm -rf $d; mkdir -p $d/{kind}.d; printf '#!/bin/sh\\n{script}\\n' > $d/{kind}.d/50-test; chmod +x $d/{kind}.d/50-test; ";

    private static TestHost Updated(out BootedHost booted)
    {
        Oracle.Require();
        var host = new TestHost();
        host.Switch(OsImage.Create("1").WriteTo(host.Images));
        OsImage.Create("1").WithVersion("2").WriteTo(host.Images);
        host.Upgrade();
        booted = new BootedHost(host);
        return host;
    }

    private static IEnumerable<string> Titles(TestHost host) => host.Deployments.Select(deployment => deployment.Entry.Title!);

    private static void Write(TestDirectory root, string top, string name, string script)
    {
        string path = root[$"{top}/bootc/health.d/{name}"];
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, $"#!/bin/sh\n{script}\n");
        Peer.Run("chmod", "700", path).Succeeded();
    }
}
