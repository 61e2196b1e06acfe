// A disk made by `bootc install to-disk`, booted by firmware through its own boot loader.
using Bootc.Testing;

namespace Bootc.E2E.Tests;

/// <summary>An installed disk. Updates of the guest come from the registry of this host.</summary>
public sealed class InstalledDisk : IDisposable
{
    private const long DiskSize = 6L << 30;
    private readonly string _directory;

    private InstalledDisk(string directory) => _directory = directory;

    /// <summary>The raw disk image.</summary>
    public string Disk => Path.Combine(_directory, "disk.raw");

    /// <summary>The kernel arguments that a guest needs, as options of <c>install to-disk</c>.</summary>
    public static string[] ConsoleOptions => [.. Guest.ConsoleArguments.Split(' ').SelectMany(word => new[] { "--karg", word })];

    /// <summary>A disk with nothing on it yet.</summary>
    public static InstalledDisk CreateEmpty()
    {
        string directory = Path.Combine(TestData.RepositoryRoot, "out", "e2e", Path.GetRandomFileName());
        Directory.CreateDirectory(directory);
        var installed = new InstalledDisk(directory);
        using FileStream disk = File.Create(installed.Disk);
        disk.SetLength(DiskSize);
        return installed;
    }

    /// <summary>Installs an image of the registry.</summary>
    /// <param name="image">The image, without the registry.</param>
    /// <param name="options">Further options of <c>install to-disk</c>.</param>
    public static InstalledDisk Install(string image, params string[] options)
    {
        InstalledDisk installed = CreateEmpty();
        try
        {
            Peer.Run(DirectBoot.Bootc,
            [
                "install", "to-disk", "--source-imgref", $"{DirectBoot.Registry}/{image}", "--target-imgref", $"{DirectBoot.GuestRegistry}/{image}", .. ConsoleOptions, .. options, installed.Disk,
            ]).Succeeded();
            return installed;
        }
        catch
        {
            installed.Dispose();
            throw;
        }
    }

    /// <summary>Starts a guest from the disk.</summary>
    /// <param name="log">The name of the console's log in out/e2e.</param>
    /// <param name="uefi">Whether its firmware is UEFI, or else BIOS.</param>
    public Guest Start(string log, bool uefi)
    {
        string? variables = uefi ? Path.Combine(_directory, "variables.fd") : null;
        if (variables is not null && !File.Exists(variables))
        {
            UefiFirmware.CopyVariables(variables);
        }

        return Guest.Start(new GuestOptions
        {
            Disks = [Disk],
            ConsoleLog = Path.Combine(TestData.RepositoryRoot, "out", "e2e", log),
            UefiVariables = variables,
            Extra = uefi ? [] : ["-vga", "std"], // GRUB for BIOS wants a screen
        });
    }

    /// <summary>Lets a guest use the registry of this host, which has no TLS.</summary>
    public static void TrustRegistry(Guest guest) =>
        guest.Run($"mkdir -p /etc/containers && printf '[[registry]]\\nlocation = \"{DirectBoot.GuestRegistry}\"\\ninsecure = true\\n' > /etc/containers/registries.conf").Succeeded();

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_directory, recursive: true);
}
