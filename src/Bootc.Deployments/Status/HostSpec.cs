// What a host should be.
namespace Bootc.Deployments.Status;

/// <summary>The image that the host follows and the order in which it boots.</summary>
public sealed record HostSpec
{
    /// <summary>The image.</summary>
    public ImageReferenceStatus? Image { get; init; }

    /// <summary><c>default</c> or <c>rollback</c>.</summary>
    public string BootOrder { get; init; } = "default";
}
