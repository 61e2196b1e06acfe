// The metadata of the document.
namespace Bootc.Deployments.Status;

/// <summary>Kubernetes-like metadata.</summary>
public sealed record HostMetadata
{
    /// <summary>The document's name.</summary>
    public string Name { get; init; } = "host";
}
