// A sysroot in a temporary directory, and the executable that works on it.
using Bootc.Testing;

namespace Bootc.Cli.Tests;

/// <summary>A host for one test. The executable runs as users run it: as a process, told by its command line alone.</summary>
internal sealed class CliHost : IDisposable
{
    private readonly TestDirectory _directory;

    public CliHost()
    {
        Peer.RequireRoot("deployments are owned by root and made immutable");
        _directory = new TestDirectory("cli");
        Bootc("internals", "init-sysroot", Sysroot).Succeeded();
    }

    /// <summary>The executable that was built with the tests.</summary>
    public static string Executable { get; } = Path.Combine(AppContext.BaseDirectory, "bootc");

    public string Sysroot => _directory["sysroot"];

    /// <summary>The layout that images are written to.</summary>
    public string Images => _directory["images"];

    /// <summary>The path of a name beside the sysroot.</summary>
    public string this[string name] => _directory[name];

    /// <summary>Runs <c>bootc</c> without a sysroot.</summary>
    public static CommandResult Bootc(params string[] arguments) => Peer.Run(Executable, arguments);

    /// <summary>Runs a command of <c>bootc</c> on the sysroot.</summary>
    public CommandResult Run(params string[] arguments) => Bootc([.. arguments, "--sysroot", Sysroot]);

    /// <summary>Runs a line of shell in which <c>$BOOTC</c> is the executable and <c>$SYSROOT</c> the sysroot.</summary>
    public CommandResult Shell(string line) => Peer.Run("sh", ["-c", line], input: null, new Dictionary<string, string> { ["BOOTC"] = Executable, ["SYSROOT"] = Sysroot });

    /// <summary>Writes a version of the test image under the tag that the host follows.</summary>
    public WrittenImage Publish(string version) => Image(version).WriteTo(Images);

    /// <summary>The test image: a first layer for all versions, and one for each.</summary>
    public static OsImage Image(string version)
    {
        OsImage image = OsImage.Create("1");
        if (version != "1")
        {
            image.WithVersion(version);
        }

        image.Created = $"2025-01-0{version}T03:04:05Z";
        return image;
    }

    /// <summary>Makes the host follow the image that was published.</summary>
    public CommandResult Switch(params string[] options) => Run(["switch", "--transport", "oci", Images + ":latest", .. options]);

    /// <summary>A host on which two versions were deployed, one after the other.</summary>
    public static CliHost WithTwoDeployments()
    {
        var host = new CliHost();
        host.Publish("1");
        host.Switch("--quiet").Succeeded();
        host.Publish("2");
        host.Run("upgrade", "--quiet").Succeeded();
        return host;
    }

    public void Dispose() => _directory.Dispose();
}
