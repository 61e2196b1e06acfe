// What somebody wants a host to be: the specification in a BootcHost document, in YAML or JSON.
using Bootc.Oci;
using YamlDotNet.RepresentationModel;

namespace Bootc.Updates.Documents;

/// <summary>The part of a <c>BootcHost</c> document that a person writes (bootc's crates/lib/src/spec.rs); its state is passed over.</summary>
/// <param name="Image">The image to follow; <see langword="null"/> for none.</param>
/// <param name="BootsRollback">Whether the next boot falls back (<c>bootOrder: rollback</c>).</param>
public sealed record HostDocument(OstreeImageReference? Image, bool BootsRollback)
{
    internal const string Version = "org.containers.bootc/v1";
    internal const string DocumentKind = "BootcHost";

    /// <summary>The kernel arguments that are wanted or not, where the document says so.</summary>
    public KernelArgumentsWish? KernelArguments { get; init; }

    /// <summary>The packages that are wanted besides those of the image, and no others; <see langword="null"/> to leave them as they are.</summary>
    public IReadOnlyList<string>? Packages { get; init; }

    /// <summary>The images that the host binds besides those that its image binds, and no others; <see langword="null"/> to leave them as they are.</summary>
    public IReadOnlyList<string>? BoundImages { get; init; }

    /// <summary>When and whether the host changes, where the document says so: this is for hosts that a repository leads.</summary>
    public UpdatesWish? Updates { get; init; }

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

    // As bootc has it, what else stands in the document tells how the host is.
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
        return spec is null || YamlMembers.Of(spec, "spec", faults) is not { } wish ? null : HostSpecReader.Read(wish, faults);
    }
}
