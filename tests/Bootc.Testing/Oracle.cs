// The reference tools (libostree with composefs, mkcomposefs, umoci, ...) in a Debian tree of their own, newer than the host's.
namespace Bootc.Testing;

/// <summary>
/// Runs commands of the oracle tree (<c>make oracle</c> builds it; BOOTC_ORACLE names another one) by chroot, in a mount
/// namespace of their own in which /tmp, /proc, /sys and /dev are the host's. Skips the test where there is no such tree.
/// </summary>
public static class Oracle
{
    // The tree becomes a mount of its own: programs that make mount namespaces want their root to be one.
    private const string Enter =
        "mount --bind \"$0\" \"$0\" || exit 125; for d in proc sys dev tmp; do mount --rbind /$d \"$0/$d\" || exit 125; done; exec chroot \"$0\" \"$@\"";

    /// <summary>The root of the tree.</summary>
    public static readonly string Tree = Environment.GetEnvironmentVariable("BOOTC_ORACLE") is { Length: > 0 } tree
        ? tree
        : Path.Combine(TestData.RepositoryRoot, "out", "oracle");

    /// <summary>Skips the test where the oracle cannot run.</summary>
    public static void Require()
    {
        Peer.RequireRoot("the reference tools run in a chroot");
        Xunit.Assert.SkipUnless(File.Exists(Path.Combine(Tree, "usr/bin/ostree")), "the tree of reference tools is not there: run 'make oracle'");
    }

    /// <summary>Skips the test where the oracle cannot run, or lacks a tool.</summary>
    public static void Require(string tool)
    {
        Require();
        Xunit.Assert.SkipUnless(File.Exists(Path.Combine(Tree, "usr/bin", tool)), $"{tool} is not in the tree of reference tools");
    }

    /// <summary>Runs a command of the tree to its end. Paths below /tmp are the host's.</summary>
    public static CommandResult Run(string tool, params string[] arguments)
    {
        string[] command = CommandLine(tool, arguments);
        return Peer.Run(command[0], command[1..], null, Environments) with { Command = $"{tool} {string.Join(' ', arguments)}" };
    }

    /// <summary>The command of the host that runs a command of the tree, for those who run it under something else.</summary>
    public static string[] CommandLine(string tool, params string[] arguments)
    {
        Require();
        return ["unshare", "-m", "--propagation", "private", "sh", "-c", Enter, Tree, tool, .. arguments];
    }

    private static readonly Dictionary<string, string> Environments = new() { ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin", ["LC_ALL"] = "C.UTF-8" };
}
