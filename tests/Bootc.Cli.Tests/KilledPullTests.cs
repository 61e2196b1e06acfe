// A process that is killed while a layer comes over a slow link: the next one fetches the rest.
using System.Diagnostics;
using Bootc.Testing;

namespace Bootc.Cli.Tests;

public sealed class KilledPullTests : IDisposable
{
    private readonly TestDirectory _directory = new("cli");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void What_came_before_a_kill_does_not_come_again()
    {
        using var host = new CliHost();
        using var registry = new RealRegistry(_directory);
        byte[] large = new byte[40_000_000];
        new Random(1).NextBytes(large);
        WrittenImage image = CliHost.Image("1").AddLayer(layer => layer.File("usr/large", large)).WriteTo(_directory["image"]);
        CliHost.Bootc("image", "push", "-q", "--source", image.Reference, "--target", $"{registry.Address}/os:1").Succeeded();
        using var link = new FaultyLink(registry.Address) { BytesPerSecond = 1_500_000 };
        string name = $"{link.Address}/os:1";

        using (Process process = Process.Start(new ProcessStartInfo(CliHost.Executable, ["switch", "--quiet", "--sysroot", host.Sysroot, name]))!)
        {
            SpinWait.SpinUntil(() => Sleep() && link.Received > 8_000_000, TimeSpan.FromSeconds(60));
            process.Kill(); // SIGKILL
            process.WaitForExit();
        }

        long before = link.Received;
        link.Reset();
        link.BytesPerSecond = 0;
        host.Run("switch", "--quiet", name).Succeeded();

        // What was on its way then, in the buffers of sockets, is lost.
        Assert.True(before + link.Received < large.Length * 1.1, $"{before} bytes came before the kill, and {link.Received} after it, of {large.Length}");
        Assert.Empty(Directory.GetFiles(Path.Combine(host.Sysroot, "ostree/repo/tmp"), "bootc-partial-*"));
    }

    private static bool Sleep()
    {
        Thread.Sleep(50);
        return true;
    }
}
