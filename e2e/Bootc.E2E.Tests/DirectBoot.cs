// A disk with one deployment of an image, booted by QEMU itself: no installer and no boot loader in the way.
using Bootc.Testing;

namespace Bootc.E2E.Tests;

/// <summary>Deploys an image on a directory, makes a disk of it, and reads from its boot entry how to boot it.</summary>
public sealed class DirectBoot : IDisposable
{
    private const string Label = "bootc-root";
    private const long DiskSize = 4L << 30;

    private readonly string _directory;

    private DirectBoot(string directory) => _directory = directory;

    /// <summary>The raw disk image.</summary>
    public string Disk => Path.Combine(_directory, "disk.raw");

    /// <summary>The registry with the images, as this host reaches it.</summary>
    public static string Registry => Environment.GetEnvironmentVariable("REGISTRY") is { Length: > 0 } address ? address : "127.0.0.1:5080";

    /// <summary>The same as the guest reaches it.</summary>
    public static string GuestRegistry => $"{Guest.HostAddress}:{Registry.Split(':')[1]}";

    /// <summary>The executable under test.</summary>
    public static string Bootc => Path.Combine(TestData.RepositoryRoot, "out", "bootc");

    /// <summary>Skips the test where it cannot run.</summary>
    /// <param name="image">The image that it boots.</param>
    public static void Require(string image = "bootc/example:v1")
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("BOOTC_E2E") == "1", "virtual machines take minutes: run 'make e2e'");
        Guest.Require();
        Peer.Require("mkfs.ext4");
        Assert.SkipUnless(File.Exists(Bootc), "out/bootc is not there: run 'make build'");
        Assert.SkipUnless(HasImage(image), $"{Registry} has no {image}: run 'make e2e'");
    }

    /// <summary>Deploys an image of the registry on a new disk.</summary>
    /// <param name="image">The image.</param>
    /// <param name="prepare">What is done with the sysroot before it becomes a disk.</param>
    public static DirectBoot Create(string image, Action<string>? prepare = null)
    {
        string directory = Path.Combine(TestData.RepositoryRoot, "out", "e2e", Path.GetRandomFileName());
        Directory.CreateDirectory(directory);
        var boot = new DirectBoot(directory);
        try
        {
            boot.Deploy(image);
            prepare?.Invoke(Path.Combine(directory, "sysroot"));
            boot.MakeDisk();
            return boot;
        }
        catch
        {
            boot.Dispose();
            throw;
        }
    }

    /// <summary>Starts a guest on the deployment that boots first, with further kernel arguments.</summary>
    /// <param name="log">The name of the console's log in out/e2e.</param>
    /// <param name="arguments">What is added to the entry's arguments.</param>
    /// <param name="configuration">A prepare-root.conf that is put into the initramfs.</param>
    /// <param name="key">A public key for signed deployments that is put into the initramfs.</param>
    /// <param name="disks">Further disks.</param>
    public Guest Start(string log, string arguments = "", string? configuration = null, string? key = null, params string[] disks)
    {
        string entry = Directory.GetFiles(Path.Combine(_directory, "entries")).OrderDescending(StringComparer.Ordinal).First();
        ILookup<string, string> keys = File.ReadLines(entry).Select(line => line.Split(' ', 2)).Where(words => words.Length == 2).ToLookup(words => words[0], words => words[1].Trim());
        return Guest.Start(new GuestOptions
        {
            Disks = [Disk, .. disks],
            ConsoleLog = Path.Combine(TestData.RepositoryRoot, "out", "e2e", log),
            Kernel = Path.Combine(_directory, Path.GetFileName(keys["linux"].Single())),
            Initramfs = WithConfiguration(Path.Combine(_directory, Path.GetFileName(keys["initrd"].Single())), configuration, key),
            KernelArguments = $"root=LABEL={Label} rw {keys["options"].Single()} {Guest.ConsoleArguments} {arguments}".TrimEnd(),
        });
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_directory, recursive: true);

    // The kernel unpacks archives one after the other.
    private string WithConfiguration(string initramfs, string? configuration, string? key)
    {
        if (configuration is null)
        {
            return initramfs;
        }

        string path = Path.Combine(_directory, "initramfs-with-configuration");
        InitramfsArchive files = new InitramfsArchive().Add("etc/ostree/prepare-root.conf", configuration);
        if (key is not null)
        {
            files.Add("etc/ostree/initramfs-root-binding.key", key + '\n');
        }

        File.WriteAllBytes(path, files.AppendTo(File.ReadAllBytes(initramfs)));
        return path;
    }

    private static bool HasImage(string image)
    {
        string[] name = image.Split(':');
        try
        {
            return Peer.Run("curl", "-fs", "-o", "/dev/null", "-H", "Accept: application/vnd.oci.image.manifest.v1+json", $"http://{Registry}/v2/{name[0]}/manifests/{name[1]}").ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private void Deploy(string image)
    {
        string sysroot = Path.Combine(_directory, "sysroot");
        Peer.Run(Bootc, "internals", "init-sysroot", sysroot).Succeeded();
        Peer.Run(Bootc, "switch", "--quiet", "--sysroot", sysroot, $"{Registry}/{image}").Succeeded();
    }

    private void MakeDisk()
    {
        string sysroot = Path.Combine(_directory, "sysroot");
        using (FileStream disk = File.Create(Disk))
        {
            disk.SetLength(DiskSize);
        }

        Peer.Run("mkfs.ext4", "-q", "-F", "-L", Label, "-O", "verity", "-d", sysroot, Disk).Succeeded();
        foreach (string file in Directory.EnumerateFiles(Path.Combine(sysroot, "boot", "ostree"), "*", SearchOption.AllDirectories))
        {
            File.Copy(file, Path.Combine(_directory, Path.GetFileName(file)));
        }

        Directory.Move(Path.Combine(sysroot, "boot", "loader.1", "entries"), Path.Combine(_directory, "entries"));

        // What the disk holds now is not kept twice; libostree's immutable deployments have to let go first.
        Peer.Run("chattr", "-R", "-f", "-i", sysroot);
        Directory.Delete(sysroot, recursive: true);
    }
}
