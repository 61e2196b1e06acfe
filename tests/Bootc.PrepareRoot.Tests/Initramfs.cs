// A sysroot and an initramfs beside it, in which the program makes the root as it does at boot.
using Bootc.Linux;
using Bootc.Testing;

namespace Bootc.PrepareRoot.Tests;

/// <summary>
/// Runs the program in a mount namespace with a root of its own: what it mounts is gone with it, and what it says of the booted
/// deployment stands in that root's <c>/run</c>.
/// </summary>
internal sealed class Initramfs : IDisposable
{
    // The machine gives the tools; the rest is empty. $1 is this root, $2 the sysroot, $3 where the result is, $4 what is run on
    // it, and the rest the program's arguments.
    private const string Enter = """
        set -e
        mount --bind "$1" "$1"
        cd "$1"
        mkdir -p usr proc dev run tmp sysroot ".$REPOSITORY"
        for name in bin lib lib64 sbin; do ln -sfn usr/$name $name; done
        mount --rbind /usr usr
        mount --rbind /dev dev
        mount -t proc proc proc
        mount -t tmpfs tmpfs run
        mount --bind "$REPOSITORY" ".$REPOSITORY"
        mount --bind "$2" sysroot
        result=$3 line=$4; shift 4
        chroot . "$PROGRAM" "$@"
        cd "$result"
        eval "$line"
        """;

    private static readonly string Build = Path.GetRelativePath(Path.Combine(TestData.RepositoryRoot, "tests/Bootc.PrepareRoot.Tests/bin"), AppContext.BaseDirectory);

    private readonly TestDirectory _directory = new("initramfs");

    public Initramfs(string configuration = "[composefs]\nenabled=yes\n")
    {
        Peer.RequireRoot("it mounts");
        _directory.Write("initramfs/etc/ostree/prepare-root.conf", configuration);
        Bootc("internals", "init-sysroot", Sysroot).Succeeded();
        Bootc("switch", "--quiet", "--sysroot", Sysroot, "--transport", "oci", OsImage.Create("1").WriteTo(_directory["images"]).Reference["oci:".Length..]).Succeeded();
        Deployment = Directory.GetDirectories(Path.Combine(Sysroot, "ostree/deploy/default/deploy")).Single();
        using (DirectoryHandle deployment = DirectoryHandle.Open(Deployment))
        {
            deployment.Handle.SetImmutable(false, Deployment); // tests change what is in it
        }

        CommandLine = File.ReadLines(Directory.GetFiles(Path.Combine(Sysroot, "boot/loader/entries")).Single()).Single(line => line.StartsWith("options ", StringComparison.Ordinal))["options ".Length..];
    }

    /// <summary>The physical root.</summary>
    public string Sysroot => _directory["sysroot"];

    /// <summary>The directory of the deployment.</summary>
    public string Deployment { get; }

    /// <summary>The deployment relative to the physical root.</summary>
    public string DeploymentPath => Path.GetRelativePath(Sysroot, Deployment);

    /// <summary>The commit of the deployment.</summary>
    public string Commit => Path.GetFileName(Deployment)[..64];

    /// <summary>The arguments of its boot entry.</summary>
    public string CommandLine { get; set; }

    /// <summary>The file of an object of the repository.</summary>
    public string ObjectPath(string name) => Path.Combine(Sysroot, "ostree/repo/objects", name[..2], name[2..]);

    /// <summary>The file in the initramfs.</summary>
    public void Write(string name, string content) => _directory.Write("initramfs/" + name, content);

    /// <summary>Makes the root, and runs a line of shell in it.</summary>
    public CommandResult Boot(string line = "true") => Run("sysroot", line, "/sysroot", CommandLine);

    /// <summary>Makes the root for a soft reboot, and runs a line of shell in it.</summary>
    public CommandResult PrepareNext(string deployment, string line = "true") => Run("run/nextroot", line, "--soft-reboot", "/sysroot", deployment);

    /// <summary>Why the deployment is not booted.</summary>
    public string Refusal()
    {
        CommandResult result = Boot();
        Assert.Equal(1, result.ExitCode);
        Assert.EndsWith("bootc-prepare-root: the deployment is not booted\n", result.Error, StringComparison.Ordinal);
        return result.Error.Split('\n')[0];
    }

    public void Dispose() => _directory.Dispose();

    private CommandResult Run(string result, string line, params string[] arguments) => Peer.Run(
        "unshare",
        ["-m", "--propagation", "private", "sh", "-c", Enter, "sh", _directory["initramfs"], Sysroot, result, line, .. arguments],
        null,
        new Dictionary<string, string> { ["REPOSITORY"] = TestData.RepositoryRoot, ["PROGRAM"] = Program("Bootc.PrepareRoot", "bootc-prepare-root"), ["DOTNET_EnableDiagnostics"] = "0", ["LC_ALL"] = "C" });

    private static CommandResult Bootc(params string[] arguments) => Peer.Run(Program("Bootc.Cli", "bootc"), arguments);

    private static string Program(string project, string name) => Path.Combine(TestData.RepositoryRoot, "src", project, "bin", Build, name);
}
