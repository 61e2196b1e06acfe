// What is filled into URLs of settings, and told to graph servers.
using Bootc.Oci.Model;
using Bootc.Updates.Graph;

namespace Bootc.Updates.Agent;

/// <summary>Properties of a host under zincati's names.</summary>
internal static class HostVariables
{
    private const string DefaultStream = "stable";
    private const string PlatformArgument = "ignition.platform.id=";

    /// <summary>The properties <c>basearch</c>, <c>group</c>, <c>platform</c> and <c>stream</c>.</summary>
    public static IReadOnlyDictionary<string, string> Of(AgentConfig config, HostRelease host) => new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["basearch"] = BaseArchitecture.FromContainer(Platform.Current.Architecture),
        ["group"] = config.Group,
        ["platform"] = FindPlatform(),
        ["stream"] = config.Stream ?? host.Stream ?? DefaultStream,
    };

    // The platform is what the first boot was told of it; a machine that was told nothing is one of metal.
    private static string FindPlatform()
    {
        try
        {
            return File.ReadAllText("/proc/cmdline").Split(' ', '\n').FirstOrDefault(word => word.StartsWith(PlatformArgument, StringComparison.Ordinal))?[PlatformArgument.Length..] ?? "metal";
        }
        catch (IOException)
        {
            return "metal";
        }
    }
}
