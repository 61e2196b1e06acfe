// What an engine is asked to build.
namespace Bootc.Oci.Engine;

/// <summary>A build of an image from a Containerfile and the files around it.</summary>
public sealed record ImageBuild
{
    /// <summary>The directory with the files that the build may use.</summary>
    public required string Context { get; init; }

    /// <summary>The Containerfile, in the context or elsewhere; the context's Containerfile or Dockerfile unless given.</summary>
    public string? File { get; init; }

    /// <summary>The names that the image gets.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Values of the build's arguments.</summary>
    public IReadOnlyDictionary<string, string> Arguments { get; init; } = new Dictionary<string, string>();

    /// <summary>The stage at which the build ends, if it is not the last one.</summary>
    public string? Target { get; init; }

    /// <summary>Whether base images are looked for in their registries even when the engine has them.</summary>
    public bool Pull { get; init; }

    /// <summary>Whether nothing of earlier builds is used.</summary>
    public bool NoCache { get; init; }
}
