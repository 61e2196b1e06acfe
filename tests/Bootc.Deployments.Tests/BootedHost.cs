// A sysroot as the running host sees it: commands run with it as their root, and /run says which deployment was booted.
using System.Runtime.InteropServices;
using Bootc.Linux;
using Bootc.Ostree.GVariant;
using Bootc.Testing;

namespace Bootc.Deployments.Tests;

/// <summary>Makes a host look booted to the programs that it runs, by a chroot into its sysroot.</summary>
internal sealed class BootedHost
{
    // The programs' /usr comes from elsewhere; what else they need is the machine's.
    private const string Enter = """
        set -e
        sysroot=$1 run=$2 usr=$3 repository=$4; shift 4
        cd "$sysroot"
        mkdir -p usr run proc dev tmp var ".$repository"
        for name in bin lib lib64 sbin; do ln -sfn usr/$name $name; done
        mount --rbind "$usr" usr
        mount --bind "$run" run
        mount --bind ostree/deploy/default/var var
        for name in dev tmp; do mount --rbind /$name $name; done
        mount -t proc proc proc
        mount --bind "$repository" ".$repository"
        exec chroot . "$@"
        """;

    private static readonly Dictionary<string, string> Settings = new()
    {
        ["PATH"] = "/usr/sbin:/usr/bin:/run/bin",
        ["DOTNET_ROOT"] = Path.GetFullPath("../../..", RuntimeEnvironment.GetRuntimeDirectory()),
        ["DOTNET_EnableDiagnostics"] = "0",
        ["INVOCATION_ID"] = "0", // as systemd sets it for units, and some commands of libostree demand it
    };

    private readonly TestHost _host;

    public BootedHost(TestHost host)
    {
        _host = host;
        Directory.CreateDirectory(Path.Combine(Run, "bin"));
        File.Delete(Path.Combine(Run, "bin/systemctl"));
        File.CreateSymbolicLink(Path.Combine(Run, "bin/systemctl"), "/usr/bin/true"); // no systemd runs that could be told
        using DirectoryHandle root = DirectoryHandle.Open(host.Path);
        FileStatus status = root.GetStatus(host.Deployments[0].Path);
        ulong device = ((status.Device >> 32) << 8) | (status.Device & 0xff) | ((status.Device & 0xfff00) << 12);
        var marker = new VariantDictionary { { "backing-root-device-inode", GVariantValue.Tuple(GVariantValue.FromUInt64(device), GVariantValue.FromUInt64(status.Inode)) } };
        File.WriteAllBytes(Path.Combine(Run, "ostree-booted"), marker.Serialize());
    }

    /// <summary>The host's <c>/run</c>.</summary>
    public string Run => _host.Beside("run");

    /// <summary>The record of the staged deployment.</summary>
    public byte[] StagedRecord => File.ReadAllBytes(Path.Combine(Run, "ostree/staged-deployment"));

    /// <summary>Runs <c>ostree</c> of the reference tools on the running host.</summary>
    public CommandResult Ostree(params string[] arguments) => RunIn(Path.Combine(Oracle.Tree, "usr"), ["ostree", .. arguments]);

    /// <summary>Runs the executable on the running host.</summary>
    public CommandResult Bootc(params string[] arguments) => RunIn("/usr", [BootcProgram.Executable, .. arguments]);

    /// <summary>Runs a line of shell on the running host, in which <c>$BOOTC</c> is the executable.</summary>
    public CommandResult Shell(string line) => RunIn("/usr", ["env", $"BOOTC={BootcProgram.Executable}", "sh", "-ec", line]);

    private CommandResult RunIn(string usr, string[] command) =>
        Peer.Run("unshare", ["-m", "-p", "-f", "--propagation", "private", "sh", "-c", Enter, "sh", _host.Path, Run, usr, TestData.RepositoryRoot, .. command], null, Settings)
            with
        { Command = string.Join(' ', command) };
}
