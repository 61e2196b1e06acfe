// The graph that settings name.
using Bootc.Oci.Model;
using Bootc.Updates.Graph;

namespace Bootc.Updates.Agent;

/// <summary>Makes sources of graphs.</summary>
public static class GraphSource
{
    /// <summary>The source that settings name; <see langword="null"/> when they name none, and the host follows its image's tag.</summary>
    /// <param name="config">The settings.</param>
    /// <param name="nodeUuid">The host's identifier.</param>
    /// <param name="variables">What is filled into URLs.</param>
    /// <exception cref="UpdatesException">The settings name two, or something that cannot be one.</exception>
    public static IGraphSource? Create(AgentConfig config, string nodeUuid, IReadOnlyDictionary<string, string> variables) => (config.GraphDocument, config.CincinnatiBaseUrl) switch
    {
        (null, null) => null,
        ({ } document, null) => new DocumentSource(document),
        (null, { } url) => new ServerSource(new CincinnatiClient(UrlTemplate.Expand(url, variables)), config, nodeUuid, variables),
        _ => throw new UpdatesException("the settings name both a document with a graph (graph.document) and a graph server (cincinnati.base_url): the host can follow one of them"),
    };

    private sealed class ServerSource(CincinnatiClient client, AgentConfig config, string nodeUuid, IReadOnlyDictionary<string, string> variables) : IGraphSource
    {
        public string Description => $"the graph server at {UrlTemplate.Expand(config.CincinnatiBaseUrl!, variables)}";

        // The server asks for images where the host runs one that has a digest of its own, which all hosts here do.
        public Task<UpdateGraph> FetchAsync(HostRelease host, CancellationToken cancellation) => client.FetchAsync(
            new GraphQuery(variables["stream"], variables["basearch"])
            {
                NodeUuid = nodeUuid,
                Group = config.Group,
                Platform = variables["platform"],
                OsVersion = host.Version,
                OsChecksum = host.Repository is { } repository ? $"{repository}@{host.Digest}" : host.Digest.ToString(),
                RolloutWariness = config.RolloutWariness,
                Oci = true,
            },
            cancellation);

        public void Dispose() => client.Dispose();
    }

    private sealed class DocumentSource(string place) : IGraphSource
    {
        private readonly GraphDocumentClient _client = new(place);

        public string Description => $"the graph at {place}";

        public async Task<UpdateGraph> FetchAsync(HostRelease host, CancellationToken cancellation) =>
            (await _client.FetchAsync(cancellation).ConfigureAwait(false)).Resolve(Platform.Current.Architecture, GraphNode.OciScheme);

        public void Dispose() => _client.Dispose();
    }
}
