// The container that this program runs in, as podman describes it.
using Bootc.Oci;

namespace Bootc.Install;

/// <summary>A privileged container of podman: what <c>/run/.containerenv</c> says of it (podman-run(1)).</summary>
/// <param name="Image">The name by which its image was run.</param>
/// <param name="ImageId">The identifier of that very image in podman's storage.</param>
public sealed record RunningContainer(string Image, string ImageId)
{
    private const string Description = "/run/.containerenv";

    /// <summary>Whether this is a container of podman at all; of one that is not privileged nothing else is known.</summary>
    public static bool IsOne => File.Exists(Description);

    /// <summary>The image in podman's storage, which is to be mounted where it is on the host.</summary>
    public ImageReference Source => ImageReference.Parse($"containers-storage:@{ImageId}");

    /// <summary>The same image where it came from.</summary>
    public ImageReference InRegistry => ImageReference.Parse($"registry:{Image}");

    /// <summary>Reads what is said of the container; <see langword="null"/> when this is none, or nothing is said of its image.</summary>
    public static RunningContainer? TryRead()
    {
        try
        {
            return TryParse(File.ReadAllText(Description));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Reads lines of the form <c>key="value"</c>.</summary>
    internal static RunningContainer? TryParse(string text)
    {
        var values = new Dictionary<string, string>();
        foreach (string line in text.Split('\n'))
        {
            if (line.IndexOf('=') is > 0 and int equals)
            {
                values[line[..equals].Trim()] = line[(equals + 1)..].Trim().Trim('"');
            }
        }

        return values.GetValueOrDefault("engine", "").StartsWith("podman", StringComparison.Ordinal)
            && values.GetValueOrDefault("image") is { Length: > 0 } image
            && values.GetValueOrDefault("imageid") is { Length: > 0 } id
            ? new RunningContainer(image, id)
            : null;
    }
}
