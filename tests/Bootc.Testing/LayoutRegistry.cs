// A registry that gives the images of an OCI layout, and parts of blobs as different servers do.
using System.Text;
using System.Text.Json.Nodes;

namespace Bootc.Testing;

/// <summary>How a server answers requests for ranges.</summary>
public enum RangeStyle
{
    /// <summary>Several ranges in one answer, as a multipart message.</summary>
    Several,

    /// <summary>One range; a request for several gets all of the blob, as from much object storage.</summary>
    OneOrAll,

    /// <summary>Of several ranges, the first.</summary>
    First,

    /// <summary>Of several ranges, one that reaches from the first to the last.</summary>
    Merged,

    /// <summary>All of the blob, whatever was asked for.</summary>
    Ignored,

    /// <summary>An error.</summary>
    Refused,
}

/// <summary>Serves a layout under the repository <c>os/image</c>, and counts what it sends.</summary>
public sealed class LayoutRegistry : IDisposable
{
    private readonly string _layout;
    private readonly ScriptedServer _server;
    private long _blobBytes;

    /// <param name="layout">The layout's directory.</param>
    /// <param name="style">How ranges are answered.</param>
    /// <param name="change">Changes an answer for a blob; told how many requests for blobs came before.</param>
    public LayoutRegistry(string layout, RangeStyle style = RangeStyle.Several, Func<ScriptedAnswer, ScriptedRequest, int, ScriptedAnswer>? change = null)
    {
        _layout = layout;
        int blobs = 0;
        _server = new ScriptedServer(request =>
        {
            string[] path = request.Path.Split('/');
            if (path.Length < 5 || path[2..4] is not ["os", "image"])
            {
                return new ScriptedAnswer(path is ["", "v2", ""] ? 200 : 404);
            }

            if (path[4] == "manifests")
            {
                return AnswerManifest(path[5]);
            }

            byte[] blob = File.ReadAllBytes(BlobPath(path[5]));
            ScriptedAnswer answer = AnswerBlob(request, blob, style);
            answer = change?.Invoke(answer, request, blobs++) ?? answer;
            Interlocked.Add(ref _blobBytes, Math.Min(answer.Body.Length, answer.BreakAfter ?? int.MaxValue));
            return answer;
        });
    }

    /// <summary>Host and port.</summary>
    public string Address => _server.Address;

    /// <summary>How many bytes of blobs were sent.</summary>
    public long BlobBytes => Interlocked.Read(ref _blobBytes);

    /// <summary>All requests so far.</summary>
    public IEnumerable<ScriptedRequest> Requests => _server.Requests;

    /// <summary>The name of an image here.</summary>
    public string Name(string tag) => $"docker://{Address}/os/image:{tag}";

    public void Dispose() => _server.Dispose();

    private string BlobPath(string digest) => Path.Combine(_layout, "blobs", digest.Replace(':', '/'));

    private ScriptedAnswer AnswerManifest(string tag)
    {
        JsonArray images = JsonNode.Parse(File.ReadAllText(Path.Combine(_layout, "index.json")))!["manifests"]!.AsArray();
        string? digest = tag.StartsWith("sha256:", StringComparison.Ordinal)
            ? tag
            : (string?)images.FirstOrDefault(image => (string?)image!["annotations"]?["org.opencontainers.image.ref.name"] == tag)?["digest"];
        return digest is null
            ? new ScriptedAnswer(404)
            : new ScriptedAnswer(200, File.ReadAllBytes(BlobPath(digest))).With("Content-Type", "application/vnd.oci.image.manifest.v1+json");
    }

    private static ScriptedAnswer AnswerBlob(ScriptedRequest request, byte[] blob, RangeStyle style)
    {
        if (request.Header("range") is not { } header || style == RangeStyle.Ignored)
        {
            return new ScriptedAnswer(200, blob);
        }

        (int From, int To)[] ranges = [.. header["bytes=".Length..].Split(',').Select(range => range.Trim().Split('-')).Select(ends => (int.Parse(ends[0]), ends[1].Length > 0 ? int.Parse(ends[1]) : blob.Length - 1))];
        return style switch
        {
            RangeStyle.Refused => new ScriptedAnswer(416),
            RangeStyle.OneOrAll when ranges.Length > 1 => new ScriptedAnswer(200, blob),
            RangeStyle.Several when ranges.Length > 1 => AnswerParts(blob, ranges),
            RangeStyle.Merged => AnswerPart(blob, ranges[0].From, ranges[^1].To),
            _ => AnswerPart(blob, ranges[0].From, ranges[0].To),
        };
    }

    private static ScriptedAnswer AnswerPart(byte[] blob, int from, int to) =>
        new ScriptedAnswer(206, blob[from..(to + 1)]).With("Content-Type", "application/octet-stream").With("Content-Range", $"bytes {from}-{to}/{blob.Length}");

    private static ScriptedAnswer AnswerParts(byte[] blob, (int From, int To)[] ranges)
    {
        var body = new MemoryStream();
        foreach ((int from, int to) in ranges)
        {
            body.Write(Encoding.ASCII.GetBytes($"\r\n--THE=BOUNDARY\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes {from}-{to}/{blob.Length}\r\n\r\n"));
            body.Write(blob.AsSpan(from..(to + 1)));
        }

        body.Write("\r\n--THE=BOUNDARY--\r\n"u8);
        return new ScriptedAnswer(206, body.ToArray()).With("Content-Type", "multipart/byteranges; boundary=\"THE=BOUNDARY\"");
    }
}
