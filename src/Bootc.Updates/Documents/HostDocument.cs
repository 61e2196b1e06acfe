// What somebody wants a host to be: the specification in a BootcHost document, in YAML or JSON.
using Bootc.Oci;
using YamlDotNet.RepresentationModel;

namespace Bootc.Updates.Documents;

/// <summary>The part of a <c>BootcHost</c> document that a person writes (bootc's crates/lib/src/spec.rs); its state is passed over.</summary>
/// <param name="Image">The image to follow; <see langword="null"/> for none.</param>
/// <param name="BootsRollback">Whether the next boot falls back (<c>bootOrder: rollback</c>).</param>
public sealed record HostDocument(OstreeImageReference? Image, bool BootsRollback)
{
    private const string Version = "org.containers.bootc/v1";
    private const string DocumentKind = "BootcHost";

    /// <summary>Reads a document.</summary>
    /// <param name="text">The document.</param>
    /// <param name="source">Where it comes from, for messages.</param>
    /// <exception cref="UpdatesException">It is none; the line and the fault are named.</exception>
    public static HostDocument Parse(string text, string source)
    {
        var faults = new List<DocumentFault>();
        HostDocument? document = YamlText.Parse(text, faults) is { } root ? Read(root, faults) : null;
        return document is not null && faults.Count == 0 ? document : throw new UpdatesException($"{source}:{faults[0]}");
    }

    private static HostDocument? Read(YamlNode root, List<DocumentFault> faults)
    {
        if (YamlMembers.Of(root, "the document", faults) is not { } members)
        {
            return null;
        }

        if (members.TakeText("apiVersion", isRequired: true) is { } version && version is not Version and not "org.containers.bootc/v1alpha1")
        {
            members.Fault(root, $"apiVersion is '{version}', not {Version}");
        }

        if (members.TakeText("kind", isRequired: true) is { } kind && kind != DocumentKind)
        {
            members.Fault(root, $"kind is '{kind}', not {DocumentKind}");
        }

        _ = members.Take("metadata");
        _ = members.Take("status");
        YamlNode? spec = members.Take("spec");
        if (spec is null)
        {
            members.Fault(root, "the document has no spec");
        }

        members.End(Version);
        return spec is null || YamlMembers.Of(spec, "spec", faults) is not { } wish ? null : ReadSpec(wish, faults);
    }

    private static HostDocument ReadSpec(YamlMembers spec, List<DocumentFault> faults)
    {
        YamlNode? image = spec.Take("image");
        bool? rollback = spec.Take<bool>("bootOrder", text => text switch { "default" => false, "rollback" => true, _ => null }, "default or rollback");
        spec.End(Version);
        return new HostDocument(IsNothing(image) ? null : ReadImage(image!, faults), rollback ?? false);
    }

    private static OstreeImageReference? ReadImage(YamlNode node, List<DocumentFault> faults)
    {
        if (YamlMembers.Of(node, "spec.image", faults) is not { } members)
        {
            return null;
        }

        string? name = members.TakeText("image", isRequired: true), transport = members.TakeText("transport") ?? "registry";
        YamlNode? signature = members.Take("signature");
        members.End(Version);
        (SignatureVerification verification, string? remote) = IsNothing(signature) ? (SignatureVerification.ContainerPolicyAllowInsecure, null) : ReadSignature(signature!, faults);
        if (name is null)
        {
            return null;
        }

        try
        {
            var reference = ImageReference.Parse($"{transport}:{name}");
            if (reference.Transport == Transport.Registry)
            {
                _ = RegistryReference.Parse(reference.Name);
            }

            return new OstreeImageReference(verification, remote, reference);
        }
        catch (FormatException e)
        {
            members.Fault(node, e.Message);
            return null;
        }
    }

    private static (SignatureVerification Verification, string? Remote) ReadSignature(YamlNode node, List<DocumentFault> faults)
    {
        switch (node)
        {
            case YamlScalarNode { Value: "containerPolicy" }:
                return (SignatureVerification.ContainerPolicy, null);
            case YamlScalarNode { Value: "insecure" }:
                return (SignatureVerification.ContainerPolicyAllowInsecure, null);
            case YamlMappingNode when YamlMembers.Of(node, "signature", faults) is { } members && members.TakeText("ostreeRemote", isRequired: true) is { } remote:
                members.End(Version);
                return (SignatureVerification.OstreeRemote, remote);
            default:
                faults.Add(YamlMembers.At(node, "signature is neither containerPolicy nor insecure nor an ostreeRemote"));
                return default;
        }
    }

    private static bool IsNothing(YamlNode? node) => node is null or YamlScalarNode { Value: null or "" or "null" or "~" };
}
