// A graph in the repository of the images that it leads to.
using System.Text;
using Bootc.Oci;
using Bootc.Oci.Model;
using Bootc.Oci.Registry;
using Bootc.Signatures.Signing;

namespace Bootc.Updates.Graph;

/// <summary>
/// An OCI artifact of one blob, the document of a graph, under the tag <c>TAG.graph</c>, where TAG is the one that hosts follow. It refers to
/// the newest of its images that the repository has, and is signed as images are.
/// </summary>
public static class GraphArtifact
{
    /// <summary>The type of the artifact and of its blob: a document as <see cref="GraphDocument"/> describes it.</summary>
    public const string Type = "application/vnd.bootc.update-graph.v1+yaml";

    /// <summary>How large a document may be, in bytes.</summary>
    public const long MaximumSize = 4 << 20;

    private const string Suffix = ".graph";
    private const int MaximumTag = 128;
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <summary>Where the graph for hosts is that follow an image; <see langword="null"/> for those that follow one image by its digest, or one in no registry.</summary>
    public static RegistryReference? PlaceFor(ImageReference followed)
    {
        if (followed.Transport != Transport.Registry)
        {
            return null;
        }

        try
        {
            return RegistryReference.Parse(followed.Name) is { Digest: null } name && name.Reference.Length + Suffix.Length <= MaximumTag ? PlaceFor(name) : null;
        }
        catch (FormatException)
        {
            return null; // who looks for the image itself says what is wrong with its name
        }
    }

    /// <summary>Where the graph for hosts is that follow a tag.</summary>
    public static RegistryReference PlaceFor(RegistryReference followed) => followed.WithTag(followed.Reference + Suffix);

    /// <summary>Reads a document that was fetched.</summary>
    /// <exception cref="GraphFormatException">It is no graph.</exception>
    /// <exception cref="UpdatesException">It is no text.</exception>
    public static GraphDocument Parse(ReadOnlyMemory<byte> content, RegistryReference place)
    {
        try
        {
            return GraphDocument.Parse(Strict.GetString(content.Span), place.ToString());
        }
        catch (DecoderFallbackException e)
        {
            throw new UpdatesException($"the graph at {place} is no text in UTF-8", e);
        }
    }

    /// <summary>Puts a graph beside its images.</summary>
    /// <param name="document">The document's text.</param>
    /// <param name="source">Where it comes from, for messages.</param>
    /// <param name="followed">The repository and tag that hosts follow; the document's repository and stream unless it is given.</param>
    /// <param name="client">The registry.</param>
    /// <param name="key">The key that signs it; <see langword="null"/> for a graph that is not signed.</param>
    /// <param name="withBundle">Whether a Sigstore bundle is put beside it, too.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="GraphFormatException">The document is no graph.</exception>
    /// <exception cref="OciException">The registry does not take it.</exception>
    public static async Task<PushedGraph> PushAsync(
        string document, string source, RegistryReference? followed, RegistryClient client, SigningKey? key, bool withBundle, CancellationToken cancellation)
    {
        byte[] content = Encoding.UTF8.GetBytes(document);
        if (content.Length > MaximumSize)
        {
            throw new UpdatesException($"{source} is larger than {MaximumSize >> 20} MiB, which no host would read");
        }

        GraphDocument graph = GraphDocument.Parse(document, source);
        RegistryReference target = followed ?? DefaultPlace(graph, source);
        RegistryReference place = PlaceFor(target);
        RequireRepository(graph, target, source);
        Descriptor? subject = await FindSubjectAsync(graph, target, client, cancellation).ConfigureAwait(false);
        var annotations = new Dictionary<string, string> { ["org.opencontainers.image.title"] = $"{graph.Stream}.yaml", ["org.opencontainers.image.description"] = $"Update graph of the stream {graph.Stream}" };
        (RegistryReference pushed, ReadOnlyMemory<byte> manifest) = await client.PushArtifactAsync(target, Type, content, subject, annotations, cancellation).ConfigureAwait(false);
        string? signer = null;
        if (key is not null)
        {
            // The signature comes before the tag: nobody finds the graph without it.
            var images = new ImageSigner(client, key);
            (_, signer, _) = await images.SignAsync(pushed, place.ToString(), cancellation).ConfigureAwait(false);
            if (withBundle)
            {
                await images.SignBundleAsync(pushed, cancellation).ConfigureAwait(false);
            }
        }

        await client.PutManifestAsync(place, manifest, MediaTypes.OciManifest, cancellation).ConfigureAwait(false);
        return new PushedGraph(place, pushed.Digest!.Value, subject?.Digest, signer);
    }

    private static RegistryReference DefaultPlace(GraphDocument graph, string source)
    {
        string repository = graph.Repository ?? throw new UpdatesException($"{source} names no repository: say where it goes");
        try
        {
            return RegistryReference.Parse(repository).WithTag(graph.Stream);
        }
        catch (FormatException e)
        {
            throw new UpdatesException($"{source} is for {repository}, stream {graph.Stream}: {e.Message}; say where it goes", e);
        }
    }

    // Hosts go to images of the repository that they follow, and to no others.
    private static void RequireRepository(GraphDocument graph, RegistryReference target, string source)
    {
        string wanted = $"{target.Registry}/{target.Repository}";
        foreach (string named in graph.Entries.Where(entry => entry.Image is not null).Select(entry => entry.Repository ?? graph.Repository).OfType<string>().Distinct())
        {
            RegistryReference repository = RegistryReference.Parse(named);
            if ($"{repository.Registry}/{repository.Repository}" != wanted)
            {
                throw new UpdatesException($"{source} leads to images of {named}, and hosts that follow {wanted} would not go there");
            }
        }
    }

    private static async Task<Descriptor?> FindSubjectAsync(GraphDocument graph, RegistryReference target, RegistryClient client, CancellationToken cancellation)
    {
        if (graph.Entries.LastOrDefault(entry => entry.Image is not null)?.Image is not { } newest)
        {
            return null;
        }

        try
        {
            var digest = Digest.Parse(newest);
            (ReadOnlyMemory<byte> manifest, string? type) = await client.GetManifestAsync(target with { Tag = null, Digest = digest }, cancellation).ConfigureAwait(false);
            return new Descriptor { MediaType = type ?? MediaTypes.OciManifest, Digest = digest, Size = manifest.Length };
        }
        catch (ImageNotFoundException)
        {
            return null; // it is not pushed yet
        }
    }
}
