// Packages on a host that runs: added, kept over an update, and taken away, from a signed repository on the network.
using Bootc.Testing;

namespace Bootc.E2E.Tests;

public sealed class LayeringTests
{
    private const string Package = "hello-layer";

    private static readonly TimeSpan OneInstallation = TimeSpan.FromMinutes(10);

    // Each is reached by watching what the program makes.
    private static readonly (string When, string Reached)[] Moments =
    [
        ("installing", $"test -e /sysroot/ostree/repo/tmp/bootc-layering/upper/usr/bin/{Package}"),
        ("storing", "ls /sysroot/ostree/repo/tmp | grep -q staging"),
        ("deploying", $"test {InstalledHost.CountOfDeployments} -gt $before"),
    ];

    [Fact]
    public void PackagesBootStayOverAnUpdateAndGo()
    {
        Require();
        using SignedRepository repository = Publish();
        using InstalledDisk installed = InstalledDisk.Install("bootc/example:v1", "--bootloader", "systemd");
        using Guest guest = installed.Start("layering.log", uefi: true);
        Prepare(guest, repository);

        // At once, until the next boot and from then on.
        guest.Run($"bootc package install --quiet --apply-live {Package}", OneInstallation).Succeeded();
        Assert.Equal("hello from a package", guest.Run(Package).Succeeded().Trim());
        guest.RebootUntil($"{Package} && ! test -e /run/bootc/live", "the package boots", InstalledHost.SeveralBoots);
        AssertPresent(guest, "1");

        guest.WaitForNetwork();
        guest.Run("bootc upgrade --quiet --tag v2", OneInstallation).Succeeded();
        guest.RebootUntil(InstalledHost.IsBooted("v2"), "v2 boots", InstalledHost.SeveralBoots);
        AssertPresent(guest, "2");

        guest.WaitForNetwork();
        guest.Run($"bootc package uninstall --quiet {Package}", OneInstallation).Succeeded();
        guest.RebootUntil($"! test -e /usr/bin/{Package}", "the package is gone", InstalledHost.SeveralBoots);
        Assert.NotEqual(0, guest.Run($"dpkg -s {Package}").ExitCode);
        guest.PowerOff();
    }

    [Fact]
    public void ThePowerFailsWhileAPackageIsAddedAndNothingIsLost()
    {
        Require();
        using SignedRepository repository = Publish();
        using InstalledDisk installed = InstalledDisk.Install("bootc/example:v1", "--bootloader", "systemd");
        Guest guest = installed.Start("layering-power-cut.log", uefi: true);
        try
        {
            Prepare(guest, repository);
            guest.Run("sync").Succeeded();
            foreach ((string when, string reached) in Moments)
            {
                guest.WaitForNetwork();
                guest.RunUntil($"bootc package install --quiet {Package}", reached, $"before={InstalledHost.CountOfDeployments}");
                guest.Kill();
                guest.Dispose();
                guest = installed.Start($"layering-cut-{when}.log", uefi: true);
                guest.WaitUntilBooted();
                guest.Run($"! test -e /usr/bin/{Package}").Succeeded();
                InstalledHost.AssertWhole(guest);
            }

            guest.WaitForNetwork();
            guest.Run($"bootc package install --quiet {Package}", OneInstallation).Succeeded();
            guest.RebootUntil($"test -e /usr/bin/{Package}", "the package boots", InstalledHost.SeveralBoots);
            AssertPresent(guest, "1");
            guest.PowerOff();
        }
        finally
        {
            guest.Dispose();
        }
    }

    private static void Require()
    {
        InstalledHost.Require();
        Peer.Require("dpkg-deb", "gpg", "python3");
    }

    private static SignedRepository Publish()
    {
        var repository = new SignedRepository();
        repository.Add(Package, "1.0", "#!/bin/sh\necho hello from a package\n");
        repository.Publish();
        return repository;
    }

    // The host trusts the registry and the repository, and takes packages from there alone.
    private static void Prepare(Guest guest, SignedRepository repository)
    {
        guest.WaitUntilBooted();
        InstalledDisk.TrustRegistry(guest);
        guest.WaitForNetwork();
        guest.Run($"mkdir -p /etc/apt/keyrings; rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*; echo {Convert.ToBase64String(File.ReadAllBytes(repository.Key))} | base64 -d > /etc/apt/keyrings/e2e.gpg").Succeeded();
        guest.Run($"printf 'Types: deb\\nURIs: http://{Guest.HostAddress}:{repository.Port}\\nSuites: ./\\nSigned-By: /etc/apt/keyrings/e2e.gpg\\n' > /etc/apt/sources.list.d/e2e.sources").Succeeded();
    }

    private static void AssertPresent(Guest guest, string version)
    {
        guest.WaitUntilBooted();
        Assert.Equal("hello from a package", guest.Run(Package).Succeeded().Trim());
        Assert.Equal($"version {version}", guest.Run("cat /usr/share/example/version").Succeeded().Trim());
        Assert.StartsWith("ii ", guest.Run($"dpkg -l {Package} | tail -1").Succeeded(), StringComparison.Ordinal);
        Assert.Equal("", guest.Run($"dpkg --verify {Package}").Succeeded().Trim());
        guest.Run("ostree fsck --repo=/sysroot/ostree/repo", TimeSpan.FromMinutes(10)).Succeeded();
    }
}
