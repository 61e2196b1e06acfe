// How programs in the sandbox find addresses when they may reach the network.
namespace Bootc.Layering;

/// <summary>Shows a sandbox the host's resolv.conf(5).</summary>
internal static class HostResolver
{
    private const string Path = "/etc/resolv.conf";

    /// <summary>Shows it where the sandbox's own leads to.</summary>
    /// <param name="sandbox">The sandbox.</param>
    /// <param name="etc">The path of what is <c>/etc</c> in it.</param>
    public static void Show(Sandbox sandbox, string etc)
    {
        if (!File.Exists(Path))
        {
            return;
        }

        // Where it is a link there, it leads to what the host makes at run time.
        var file = new FileInfo($"{etc}/resolv.conf");
        sandbox.Show(Path, file.LinkTarget is { } target ? System.IO.Path.GetFullPath(target, "/etc") : Path);
    }
}
