// A sysroot as the running host sees it: commands run with it as their root, and /run says which deployment was booted.
using Bootc.Linux;
using Bootc.Ostree.GVariant;
using Bootc.Testing;

namespace Bootc.Deployments.Tests;

/// <summary>Makes a host look booted to the programs that it runs, by a chroot into its sysroot.</summary>
internal sealed class BootedHost
{
    private readonly BootedSysroot _sysroot;
    private readonly TestHost _host;

    public BootedHost(TestHost host)
    {
        _host = host;
        _sysroot = new BootedSysroot(host.Path, Run);
        using DirectoryHandle root = DirectoryHandle.Open(host.Path);
        FileStatus status = root.GetStatus(host.Deployments[0].Path);
        ulong device = ((status.Device >> 32) << 8) | (status.Device & 0xff) | ((status.Device & 0xfff00) << 12);
        var marker = new VariantDictionary { { "backing-root-device-inode", GVariantValue.Tuple(GVariantValue.FromUInt64(device), GVariantValue.FromUInt64(status.Inode)) } };
        _sysroot.Boot(marker.Serialize());
    }

    /// <summary>The host's <c>/run</c>.</summary>
    public string Run => _host.Beside("run");

    /// <summary>The record of the staged deployment.</summary>
    public byte[] StagedRecord => File.ReadAllBytes(Path.Combine(Run, "ostree/staged-deployment"));

    /// <summary>Runs <c>ostree</c> of the reference tools on the running host.</summary>
    public CommandResult Ostree(params string[] arguments) => _sysroot.RunIn(Path.Combine(Oracle.Tree, "usr"), ["ostree", .. arguments]);

    /// <summary>Runs the executable on the running host.</summary>
    public CommandResult Bootc(params string[] arguments) => _sysroot.RunIn("/usr", [BootcProgram.Executable, .. arguments]);

    /// <summary>Runs a line of shell on the running host, in which <c>$BOOTC</c> is the executable.</summary>
    public CommandResult Shell(string line) => _sysroot.RunIn("/usr", ["env", $"BOOTC={BootcProgram.Executable}", "sh", "-ec", line]);
}
