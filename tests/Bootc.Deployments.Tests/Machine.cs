// A machine whose boot loader has files of its own besides the boot entries.
using Bootc.Linux;
using Bootc.Oci;
using Bootc.Testing;

namespace Bootc.Deployments.Tests;

/// <summary>A sysroot with a boot loader, and a directory in place of its EFI system partition.</summary>
internal sealed class Machine : IDisposable
{
    private const string HealthCheck = "etc/systemd/system/multi-user.target.wants/bootc-health-check.service";

    /// <param name="bootLoader">Its name in the repository's config.</param>
    /// <param name="megabytes">The size of its partition; as large as the disk when it is not given.</param>
    public Machine(string bootLoader, int megabytes = 0)
    {
        Host = new TestHost();
        Directory.CreateDirectory(Esp(""));
        if (megabytes > 0)
        {
            Host.MountSmallDisk(megabytes, Esp(""));
        }

        File.AppendAllText(Host["ostree/repo/config"], $"[bootc]\nbootloader={bootLoader}\nesp=1234-ABCD\n");
    }

    public TestHost Host { get; }

    /// <summary>What the sysroot and operations on it warned of.</summary>
    public List<string> Warnings => Host.Progress.Warnings;

    public string[] Entries => [.. Directory.GetFiles(Esp("loader/entries")).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    public string LoaderConfiguration => File.ReadAllText(Esp("loader/loader.conf"));

    public string GrubMenu => File.ReadAllText(Host["boot/loader/grub.cfg"]);

    /// <summary>An image whose deployments are on trial.</summary>
    public static OsImage Image(string version, string kernel = "6.0") =>
        OsImage.Create(version, kernel).AddLayer(layer => layer.SymbolicLink(HealthCheck, "/usr/lib/systemd/system/bootc-health-check.service"));

    public string Esp(string name) => Path.Combine(Host.Beside("esp"), name);

    public void Switch(OsImage image, string tag = "one", bool hasPartition = true)
    {
        string reference = image.WriteTo(Host.Images, tag).Reference;
        Open(
            sysroot => new SwitchOperation(sysroot, Host.Settings, Host.Progress) { Target = OstreeImageReference.Unverified(ImageReference.Parse(reference)) }
                .RunAsync(TestContext.Current.CancellationToken).GetAwaiter().GetResult(),
            hasPartition);
    }

    public void Rollback() => Open(sysroot => new RollbackOperation(sysroot, Host.Progress).Run(TestContext.Current.CancellationToken));

    public void Open(Action<Sysroot> action, bool hasPartition = true)
    {
        using DirectoryHandle partition = DirectoryHandle.Open(Esp(""));
        using Sysroot sysroot = Sysroot.Open(Host.Path);
        sysroot.NewEfiPartition = hasPartition ? partition : null;
        sysroot.Warned = Warnings.Add;
        action(sysroot);
    }

    public void AssertEntriesEqualThoseOfBoot()
    {
        string[] inBoot = [.. Directory.GetFiles(Host["boot/loader/entries"]).Order(StringComparer.Ordinal).Select(File.ReadAllText)];
        string[] here = [.. Entries.Select(entry => File.ReadAllText(Esp($"loader/entries/{entry}")))];
        Assert.Equal(inBoot, here);
    }

    public void AssertKernelsAreThere()
    {
        foreach (string line in Entries.SelectMany(entry => File.ReadLines(Esp($"loader/entries/{entry}"))).Where(line => line.StartsWith("linux ", StringComparison.Ordinal) || line.StartsWith("initrd ", StringComparison.Ordinal)))
        {
            string path = line.Split(' ')[1][1..];
            Assert.Equal(File.ReadAllBytes(Host[$"boot/{path}"]), File.ReadAllBytes(Esp(path)));
        }
    }

    // Whatever the partition says, each entry's deployment can still be booted.
    public void AssertEntriesLeadSomewhere()
    {
        foreach (string options in Entries.SelectMany(entry => File.ReadLines(Esp($"loader/entries/{entry}"))).Where(line => line.StartsWith("options ", StringComparison.Ordinal)))
        {
            string link = options.Split(' ').Single(word => word.StartsWith("ostree=/", StringComparison.Ordinal))["ostree=/".Length..];
            Assert.True(File.Exists(Path.Combine(Host[link], "usr/lib/os-release")), link);
        }
    }

    public void Dispose() => Host.Dispose();
}
