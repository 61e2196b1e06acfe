// What an operating system calls itself.
using System.Text;
using Bootc.Linux;

namespace Bootc.Deployments.Boot;

/// <summary>The file os-release(5) of a deployment.</summary>
internal static class OsRelease
{
    /// <summary>The name for menus: PRETTY_NAME or ID.</summary>
    /// <exception cref="DeploymentException">There is no such file or name.</exception>
    public static string ReadName(DirectoryHandle deployment)
    {
        byte[] content = Read(deployment, "usr/lib/os-release") ?? Read(deployment, "etc/os-release")
            ?? throw new DeploymentException("the image has no /usr/lib/os-release, so it has no name for the boot menu");
        Dictionary<string, string> values = Parse(Encoding.UTF8.GetString(content));
        return values.GetValueOrDefault("PRETTY_NAME") ?? values.GetValueOrDefault("ID")
            ?? throw new DeploymentException("the image's os-release has neither PRETTY_NAME nor ID");
    }

    // Variants of one system are often told apart by where this link points.
    private static byte[]? Read(DirectoryHandle deployment, string path)
    {
        for (int links = 0; links < 8 && deployment.TryGetStatus(path) is { } status; links++)
        {
            if (status.Kind != FileKind.SymbolicLink)
            {
                return status.Kind == FileKind.Regular ? deployment.ReadAllBytes(path) : null;
            }

            path = Path.GetFullPath(deployment.ReadSymbolicLink(path), "/" + Path.GetDirectoryName(path))[1..];
        }

        return null;
    }

    public static Dictionary<string, string> Parse(string text)
    {
        var values = new Dictionary<string, string>();
        foreach (string line in text.Split('\n'))
        {
            int equals = line.IndexOf('=');
            if (!line.StartsWith('#') && equals > 0)
            {
                values[line[..equals]] = Unquote(line[(equals + 1)..].Trim());
            }
        }

        return values;
    }

    private static string Unquote(string value) =>
        value.Length >= 2 && value[0] is '"' or '\'' && value[^1] == value[0] ? value[1..^1].Replace("\\\"", "\"").Replace("\\\\", "\\") : value;
}
