// The document that describes a host: bootc's BootcHost.
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Bootc.Deployments.Status;

/// <summary>A host's wish and state (bootc's crates/lib/src/spec.rs, schema host-v1).</summary>
public sealed record Host
{
    /// <summary>The version of the document.</summary>
    public string ApiVersion { get; init; } = "org.containers.bootc/v1";

    /// <summary>The kind of document.</summary>
    public string Kind { get; init; } = "BootcHost";

    /// <summary>Always the name <c>host</c>.</summary>
    public HostMetadata Metadata { get; init; } = new();

    /// <summary>What the host should be.</summary>
    public HostSpec Spec { get; init; } = new();

    /// <summary>What the host is.</summary>
    public HostStatus Status { get; init; } = new();

    /// <summary>The document as JSON.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, HostDocumentJson.Default.Host);
}
