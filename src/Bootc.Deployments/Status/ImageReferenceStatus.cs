// A reference to an image, as the document has it.
using System.Text.Json;
using Bootc.Oci;

namespace Bootc.Deployments.Status;

/// <summary>An image's name, where it is, and how it is verified.</summary>
public sealed record ImageReferenceStatus
{
    /// <summary>The name.</summary>
    public required string Image { get; init; }

    /// <summary>The transport: <c>registry</c>, <c>oci</c>.</summary>
    public required string Transport { get; init; }

    /// <summary><c>containerPolicy</c>, <c>{"ostreeRemote": NAME}</c>, or nothing for an image that is not verified.</summary>
    public JsonElement? Signature { get; init; }

    /// <summary>The document's form of a reference.</summary>
    public static ImageReferenceStatus From(OstreeImageReference reference) => new()
    {
        Image = reference.Image.Name,
        Transport = ImageReference.NameOf(reference.Image.Transport),
        Signature = reference.Verification switch
        {
            SignatureVerification.ContainerPolicy => JsonDocument.Parse("\"containerPolicy\"").RootElement,
            SignatureVerification.OstreeRemote => JsonDocument.Parse($"{{\"ostreeRemote\":{JsonSerializer.Serialize(reference.Remote ?? "", HostJson.Default.String)}}}").RootElement,
            _ => null,
        },
    };
}
