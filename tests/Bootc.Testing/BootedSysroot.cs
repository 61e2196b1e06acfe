// A sysroot as the running host sees it: commands run with it as their root, and /run says which deployment was booted.
using System.Runtime.InteropServices;

namespace Bootc.Testing;

/// <summary>Makes a sysroot look booted to the programs that it runs, by a chroot into it.</summary>
/// <param name="path">The sysroot.</param>
/// <param name="run">What is its <c>/run</c>.</param>
public sealed class BootedSysroot(string path, string run)
{
    // The programs' /usr comes from elsewhere; what else they need is the machine's.
    private const string Enter = """
        set -e
        sysroot=$1 run=$2 usr=$3 repository=$4; shift 4
        mount --bind "$sysroot" "$sysroot"
        cd "$sysroot"
        mkdir -p usr run proc sys dev tmp var ".$repository"
        for name in bin lib lib64 sbin; do ln -sfn usr/$name $name; done
        mount --rbind "$usr" usr
        mount --bind "$run" run
        mount --bind ostree/deploy/default/var var
        for name in dev sys tmp; do mount --rbind /$name $name; done
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

    /// <summary>Says that a deployment was booted, and puts a <c>systemctl</c> there that does nothing.</summary>
    /// <param name="marker">The content of <c>/run/ostree-booted</c>.</param>
    public void Boot(byte[] marker)
    {
        Directory.CreateDirectory(Path.Combine(run, "bin"));
        File.Delete(Path.Combine(run, "bin/systemctl"));
        File.CreateSymbolicLink(Path.Combine(run, "bin/systemctl"), "/usr/bin/true"); // no systemd runs that could be told
        File.WriteAllBytes(Path.Combine(run, "ostree-booted"), marker);
    }

    /// <summary>Runs a command on the running host.</summary>
    /// <param name="usr">The directory that is <c>/usr</c>.</param>
    /// <param name="command">The command.</param>
    public CommandResult RunIn(string usr, params string[] command) =>
        Peer.Run("unshare", ["-m", "-p", "-f", "--propagation", "private", "sh", "-c", Enter, "sh", path, run, usr, TestData.RepositoryRoot, .. command], null, Settings)
            with
        { Command = string.Join(' ', command) };
}
