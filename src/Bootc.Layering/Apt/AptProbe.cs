// Whether apt would find newer lists, without running it.
using System.Globalization;
using System.Net;
using System.Text;

namespace Bootc.Layering.Apt;

/// <summary>
/// Asks the repositories whether the lists that were fetched are still theirs, by conditional requests for what is signed
/// (<c>InRelease</c>). Where anything is out of the ordinary, the answer is no, and apt itself is to look.
/// </summary>
internal static class AptProbe
{
    private const string ReleaseName = "InRelease";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    /// <summary>Whether the lists are the newest.</summary>
    /// <param name="settings">The path of <c>/etc/apt</c>.</param>
    /// <param name="lists">The path of the lists that were fetched.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public static bool IsCurrent(string settings, string lists, CancellationToken cancellation)
    {
        if (HasOwnWays(settings) || AptSources.TryReadPlaces(settings) is not { Count: > 0 } places)
        {
            return false;
        }

        try
        {
            using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = true, ConnectTimeout = s_patience }) { Timeout = s_patience };
            return Task.WhenAll(places.Select(place => IsCurrentAsync(client, place, lists, cancellation))).GetAwaiter().GetResult().All(isCurrent => isCurrent);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or UnauthorizedAccessException or OperationCanceledException)
        {
            cancellation.ThrowIfCancellationRequested();
            return false; // apt says what is wrong
        }
    }

    // apt.conf(5): where apt is told how to reach repositories, it knows better.
    private static bool HasOwnWays(string settings)
    {
        string folder = Path.Combine(settings, "apt.conf.d");
        IEnumerable<string> files = Directory.Exists(folder) ? Directory.EnumerateFiles(folder) : [];
        return files.Append(Path.Combine(settings, "apt.conf")).Where(File.Exists)
            .Any(file => File.ReadAllText(file) is var text && (text.Contains("Proxy", StringComparison.OrdinalIgnoreCase) || text.Contains("Dir::", StringComparison.OrdinalIgnoreCase)));
    }

    private static async Task<bool> IsCurrentAsync(HttpClient client, string place, string lists, CancellationToken cancellation)
    {
        var list = new FileInfo(Path.Combine(lists, NameOf(place + ReleaseName)));
        if (!list.Exists || IsExpired(list))
        {
            return false;
        }

        if (place.StartsWith("file:", StringComparison.Ordinal))
        {
            string file = place["file:".Length..].Replace("///", "/") + ReleaseName;
            return File.Exists(file) && File.ReadAllBytes(file).AsSpan().SequenceEqual(File.ReadAllBytes(list.FullName));
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, place + ReleaseName);
        request.Headers.IfModifiedSince = list.LastWriteTimeUtc; // apt gives a list the time that the server said
        using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation).ConfigureAwait(false);
        return response.StatusCode == HttpStatusCode.NotModified;
    }

    // A list that is too old is one that somebody may hold back.
    private static bool IsExpired(FileInfo list)
    {
        const string field = "Valid-Until:";
        foreach (string line in File.ReadLines(list.FullName))
        {
            if (line.StartsWith(field, StringComparison.Ordinal))
            {
                return !DateTimeOffset.TryParse(line[field.Length..].Trim().Replace("UTC", "GMT"), CultureInfo.InvariantCulture, out DateTimeOffset until) || until < DateTimeOffset.UtcNow;
            }

            if (line.StartsWith(' '))
            {
                break; // fields come before digests
            }
        }

        return false;
    }

    /// <summary>The name under which apt keeps what it fetched from a URI.</summary>
    internal static string NameOf(string uri)
    {
        int scheme = uri.IndexOf(':');
        string rest = uri[(scheme + 1)..];
        rest = rest.StartsWith("//", StringComparison.Ordinal) ? rest[2..] : rest;
        var name = new StringBuilder(rest.Length);
        foreach (byte c in Encoding.UTF8.GetBytes(rest))
        {
            bool isQuoted = c is <= 0x20 or >= 0x7f or (byte)'%' || "\\|{}[]<>\"^~_=!@#$&*".Contains((char)c);
            name.Append(c == '/' ? "_" : isQuoted ? $"%{c:x2}" : ((char)c).ToString());
        }

        return name.ToString();
    }
}
