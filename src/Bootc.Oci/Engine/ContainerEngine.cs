// A container engine: Docker, podman, or another that speaks Docker's API.
using System.Text.Json;
using Bootc.Oci.Layers;
using Bootc.Oci.Model;
using Bootc.Oci.Registry;
using Docker.DotNet;
using Docker.DotNet.Models;

namespace Bootc.Oci.Engine;

/// <summary>The engine of this machine, or the one that DOCKER_HOST or CONTAINER_HOST names (https://docs.docker.com/reference/api/engine).</summary>
public sealed class ContainerEngine : IDisposable
{
    private readonly DockerClient _client;
    private readonly OciOptions _options;

    private ContainerEngine(Uri address, OciOptions options)
    {
        Address = address.ToString();
        _options = options;
        _client = new DockerClientBuilder().WithEndpoint(address).Build();
    }

    /// <summary>Where it listens.</summary>
    public string Address { get; }

    /// <summary>The engine; it is not asked anything yet.</summary>
    /// <exception cref="EngineException">There is none, or it is of a kind that cannot be reached.</exception>
    public static ContainerEngine Find(OciOptions options) => new(EngineAddress.Find(), options);

    /// <summary>The ID of an image.</summary>
    /// <exception cref="ImageNotFoundException">The engine has no such image.</exception>
    /// <exception cref="EngineException">The engine does not answer.</exception>
    public Task<string> FindImageAsync(string name, CancellationToken cancellation) =>
        AskAsync($"look for the image '{name}'", async () => (await _client.Images.InspectImageAsync(name, cancellation).ConfigureAwait(false)).ID, cancellation);

    /// <summary>An image as a docker-archive, whose manifest comes last.</summary>
    /// <exception cref="EngineException">The engine does not answer, or not with the image.</exception>
    public Task<Stream> SaveAsync(string name, CancellationToken cancellation) =>
        AskAsync($"save the image '{name}'", () => _client.Images.SaveImageAsync(name, cancellation), cancellation);

    /// <summary>Builds an image. The context goes to the engine while it is read; nothing of it is kept here.</summary>
    /// <param name="build">What is built.</param>
    /// <param name="output">Told what the engine says, in pieces that are not lines.</param>
    /// <param name="cancellation">Ends the build.</param>
    /// <returns>The image's ID.</returns>
    /// <exception cref="EngineException">The build fails, or cannot be begun.</exception>
    public async Task<string> BuildAsync(ImageBuild build, IProgress<string> output, CancellationToken cancellation)
    {
        var context = new BuildContext(build.Context, build.File);
        var parameters = new ImageBuildParameters
        {
            Tags = [.. build.Tags],
            Dockerfile = context.Name,
            BuildArgs = new Dictionary<string, string>(build.Arguments),
            Target = build.Target,
            Pull = build.Pull ? "1" : null,
            NoCache = build.NoCache,
            Remove = true,
            ForceRemove = true,
        };
        var messages = new BuildMessages(output);
        await AskAsync($"build {context.ContainerfilePath}", async () =>
        {
            using Stream content = context.Open(cancellation);
            await _client.Images.BuildImageFromDockerfileAsync(parameters, content, FindCredentials(context.ContainerfilePath), null, messages, cancellation).ConfigureAwait(false);
            return true;
        }, cancellation).ConfigureAwait(false);
        if (messages.Error is { } error)
        {
            throw new EngineException($"the build of {context.ContainerfilePath} failed: {error}");
        }

        return messages.Image
            ?? (build.Tags.Count > 0 ? await FindImageAsync(build.Tags[0], cancellation).ConfigureAwait(false) : throw new EngineException($"the build of {context.ContainerfilePath} ended without an image"));
    }

    /// <summary>Gives an image to the engine, blob by blob as it comes from where it is.</summary>
    /// <param name="source">Where the image is.</param>
    /// <param name="name">The name that it gets: <c>localhost/os:1</c>.</param>
    /// <param name="progress">Told what has been given.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="OciException">The image cannot be had, or does not lie there as its manifest says.</exception>
    /// <exception cref="EngineException">The engine does not take it.</exception>
    public async Task LoadAsync(IImageSource source, string name, IPushProgress? progress, CancellationToken cancellation)
    {
        if (!source.HasOriginalBlobs)
        {
            throw new OciException($"{source.Reference} is not given to an engine: its layers are not as its manifest names them, as those of a registry, an OCI layout or a directory are");
        }

        ResolvedManifest image = await source.FetchManifestAsync(Model.Platform.Current, cancellation).ConfigureAwait(false);
        progress?.Start([.. image.Manifest.Layers.Append(image.Manifest.Config).DistinctBy(blob => blob.Digest)], []);
        var messages = new BuildMessages(new NoOutput());
        await AskAsync($"take the image '{name}'", async () =>
        {
            using Stream archive = new ProducedStream((output, stop) => OciArchiveWriter.WriteAsync(source, image, name, output, progress, stop), cancellation);
            await _client.Images.LoadImageAsync(new ImageLoadParameters(), archive, messages, cancellation).ConfigureAwait(false);
            return true;
        }, cancellation).ConfigureAwait(false);
        if (messages.Error is { } error)
        {
            throw new EngineException($"the container engine at {Address} does not take the image '{name}': {error}");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private async Task<T> AskAsync<T>(string what, Func<Task<T>> ask, CancellationToken cancellation)
    {
        try
        {
            return await ask().ConfigureAwait(false);
        }
        catch (DockerImageNotFoundException e)
        {
            throw new ImageNotFoundException($"the container engine at {Address} cannot {what}: {ReasonOf(e)}", e);
        }
        catch (DockerApiException e)
        {
            throw new EngineException($"the container engine at {Address} cannot {what}: {ReasonOf(e)}", e);
        }
        catch (Exception e) when (IsNoAnswer(Unwrap(e), cancellation))
        {
            throw new EngineException($"the container engine at {Address} cannot {what}, it does not answer as it should: {RegistryClient.Describe(Unwrap(e))}", e);
        }
    }

    private static bool IsNoAnswer(Exception e, CancellationToken cancellation) =>
        RegistryClient.IsBrokenConnection(e, cancellation) || e is System.Net.Sockets.SocketException or JsonException;

    private static Exception Unwrap(Exception e) => e is AggregateException { InnerException: { } inner } ? inner : e;

    private static string ReasonOf(DockerApiException e)
    {
        try
        {
            using JsonDocument answer = JsonDocument.Parse(e.ResponseBody ?? "");
            if (answer.RootElement.ValueKind == JsonValueKind.Object && answer.RootElement.TryGetProperty("message", out JsonElement message) && message.GetString() is { Length: > 0 } reason)
            {
                return reason.Trim();
            }
        }
        catch (JsonException)
        {
            // The answer is a text.
        }

        return $"{(int)e.StatusCode} {e.ResponseBody?.Trim()}";
    }

    // The engine gets the credentials of those registries alone that the Containerfile names.
    private List<AuthConfig> FindCredentials(string containerfile)
    {
        var store = new CredentialStore(_options, () => RegistriesConfig.Load(_options).CredentialHelpers);
        var credentials = new Dictionary<string, AuthConfig>();
        foreach (RegistryReference image in BaseImages.Find(File.ReadLines(containerfile)))
        {
            if (!credentials.ContainsKey(image.Registry) && store.Find(image) is { } credential)
            {
                credentials[image.Registry] = new AuthConfig
                {
                    ServerAddress = image.Registry,
                    Username = credential.User,
                    Password = credential.Password,
                    IdentityToken = credential.IdentityToken ?? "",
                };
            }
        }

        return [.. credentials.Values];
    }

    private sealed class NoOutput : IProgress<string>
    {
        public void Report(string value)
        {
        }
    }
}
