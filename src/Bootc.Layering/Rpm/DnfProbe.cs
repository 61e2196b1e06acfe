// Whether dnf would find newer lists, without running it.
using System.Net;
using System.Security.Cryptography;
using System.Xml;
using Bootc.Ostree;

namespace Bootc.Layering.Rpm;

/// <summary>
/// Asks the repositories for what says which lists they have (<c>repomd.xml</c>, or a metalink's digest of it), and compares it with
/// what dnf fetched last. Where anything is out of the ordinary, the answer is no, and dnf itself is to look.
/// </summary>
internal static class DnfProbe
{
    /// <summary>The path, in a repository and in dnf's copy of it, of what says which lists there are.</summary>
    public const string Metadata = "repodata/repomd.xml";

    private const int MaximumSize = 8 * 1024 * 1024;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    /// <summary>Whether the lists are the newest.</summary>
    /// <param name="etc">The path of the host's <c>/etc</c>.</param>
    /// <param name="image">The image.</param>
    /// <param name="cache">The path of dnf's cache.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public static bool IsCurrent(string etc, CommitTree image, string cache, CancellationToken cancellation)
    {
        try
        {
            if (DnfSettings.TryReadRepositories(etc, image, repository => File.Exists(PathOf(repository, cache))) is not { } repositories)
            {
                return false;
            }

            using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = true, AutomaticDecompression = DecompressionMethods.All, ConnectTimeout = s_patience })
            {
                Timeout = s_patience,
                MaxResponseContentBufferSize = MaximumSize,
            };
            return Task.WhenAll(repositories.Select(repository => IsCurrentAsync(client, repository, PathOf(repository, cache), cancellation))).GetAwaiter().GetResult().All(isCurrent => isCurrent);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or UnauthorizedAccessException or OperationCanceledException or XmlException or UriFormatException or InvalidOperationException)
        {
            cancellation.ThrowIfCancellationRequested();
            return false; // dnf says what is wrong
        }
    }

    /// <summary>The digests, in hexadecimal, that a metalink (RFC 5854's forerunner, version 3.0) gives <c>repomd.xml</c>, by the names of their algorithms.</summary>
    /// <remarks>Those of older copies, which mirrors may still have (<c>mm0:alternates</c>), are left out: the newest counts.</remarks>
    /// <exception cref="XmlException">It is malformed.</exception>
    internal static IReadOnlyDictionary<string, string> ReadDigests(string metalink)
    {
        var digests = new Dictionary<string, string>();
        using var reader = XmlReader.Create(new StringReader(metalink), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit });
        bool isRead = reader.Read();
        while (isRead)
        {
            if (reader is { NodeType: XmlNodeType.Element, LocalName: "alternates" })
            {
                reader.Skip();
                continue;
            }

            if (reader is { NodeType: XmlNodeType.Element, LocalName: "hash" } && reader.GetAttribute("type") is { } algorithm)
            {
                digests.TryAdd(algorithm, reader.ReadElementContentAsString().Trim().ToLowerInvariant());
                continue;
            }

            isRead = reader.Read();
        }

        return digests;
    }

    private static string PathOf(DnfRepository repository, string cache) => Path.Combine(cache, repository.CacheFolder, Metadata);

    private static async Task<bool> IsCurrentAsync(HttpClient client, DnfRepository repository, string path, CancellationToken cancellation)
    {
        byte[] fetched = await File.ReadAllBytesAsync(path, cancellation).ConfigureAwait(false);
        switch (repository.Kind)
        {
            case DnfPlaceKind.Metalink:
                string metalink = await client.GetStringAsync(repository.Place, cancellation).ConfigureAwait(false);
                return ReadDigests(metalink).TryGetValue("sha256", out string? digest) && digest == Convert.ToHexStringLower(SHA256.HashData(fetched));
            case DnfPlaceKind.MirrorList:
                string mirrors = await client.GetStringAsync(repository.Place, cancellation).ConfigureAwait(false);
                return mirrors.Split('\n').Select(line => line.Trim()).FirstOrDefault(line => line.StartsWith("http", StringComparison.Ordinal)) is { } mirror
                    && await IsSameAsync(client, mirror, fetched, cancellation).ConfigureAwait(false);
            default:
                return await IsSameAsync(client, repository.Place, fetched, cancellation).ConfigureAwait(false);
        }
    }

    private static async Task<bool> IsSameAsync(HttpClient client, string place, byte[] fetched, CancellationToken cancellation)
    {
        string uri = $"{place.TrimEnd('/')}/{Metadata}";
        byte[] current = uri.StartsWith("file://", StringComparison.Ordinal)
            ? await File.ReadAllBytesAsync(uri["file://".Length..], cancellation).ConfigureAwait(false)
            : await client.GetByteArrayAsync(uri, cancellation).ConfigureAwait(false);
        return current.AsSpan().SequenceEqual(fetched);
    }
}
