// One blob on its way to a registry.
using System.Net;
using System.Net.Http.Headers;
using Bootc.Oci.Model;

namespace Bootc.Oci.Registry;

/// <summary>
/// Sends a blob (distribution-spec, "Pushing blobs"): a small one in one request, a large one as a stream and a request that
/// names its digest, so that content whose digest is not known before can be sent as well. When the connection breaks, it
/// goes on from where the registry has it, or begins again where the registry cannot say. What the registry has of it gives
/// new tries.
/// </summary>
internal sealed class BlobUpload(RegistryClient client, RegistryEndpoint endpoint, IBlobContent content)
{
    /// <summary>Blobs up to this size, in bytes, are sent in one request.</summary>
    public const int MaximumMonolith = 4 << 20;

    // For registries behind proxies that let no larger request through.
    private const long ChunkSize = 32 << 20;

    private readonly string _what = $"{content.Name} to {endpoint.Location.Registry}/{endpoint.Location.Repository}";
    private Uri? _location;
    private long _offset; // what the registry has
    private long _best;
    private long? _chunk;
    private long _minimumChunk;
    private int _failures;

    public async Task<BlobPlacement> RunAsync(string? mountFrom, CancellationToken cancellation)
    {
        _location = await client.StartUploadAsync(endpoint, _what, content.Descriptor?.Digest, mountFrom, cancellation).ConfigureAwait(false);
        if (_location is null)
        {
            return BlobPlacement.Mounted;
        }

        while (true)
        {
            try
            {
                await SendAsync(cancellation).ConfigureAwait(false);
                return BlobPlacement.Uploaded;
            }
            catch (RegistryException e) when (e.Status == (int)HttpStatusCode.RequestEntityTooLarge && _chunk is null)
            {
                _chunk = Math.Max(ChunkSize, _minimumChunk);
                await MeasureAsync(cancellation).ConfigureAwait(false);
                await RestartAsync(cancellation).ConfigureAwait(false);
            }
            catch (RegistryException e) when (e.Status is { } status && (RegistryClient.IsTransient((HttpStatusCode)status) || IsLostUpload(status)))
            {
                await PauseAsync(e.Message, e, cancellation).ConfigureAwait(false);
            }
            catch (Exception e) when (RegistryClient.IsBrokenConnection(e, cancellation))
            {
                await PauseAsync($"cannot push the {_what}: {RegistryClient.Describe(e)}", e, cancellation).ConfigureAwait(false);
            }

            if (await IsThereAsync(cancellation).ConfigureAwait(false))
            {
                return BlobPlacement.Uploaded; // only the answer was lost
            }
        }
    }

    private async Task SendAsync(CancellationToken cancellation)
    {
        long? size = content.Descriptor?.Size;
        if (size <= MaximumMonolith && _offset == 0)
        {
            await CompleteAsync(() => new UploadContent(content.OpenAsync, 0, size, isWhole: true), cancellation).ConfigureAwait(false);
            return;
        }

        do
        {
            await SendPieceAsync(size, cancellation).ConfigureAwait(false);
        }
        while (_offset < size);

        await CompleteAsync(() => new UploadContent(ReadOnlyMemory<byte>.Empty), cancellation).ConfigureAwait(false);
    }

    // All that is left or, where large requests are refused, a part of it.
    private async Task SendPieceAsync(long? size, CancellationToken cancellation)
    {
        long? rest = size - _offset;
        long? length = _chunk is { } chunk && chunk < rest ? chunk : rest;
        using HttpResponseMessage response = await client.SendUploadAsync(endpoint, HttpMethod.Patch, _location!, Body, _what, cancellation).ConfigureAwait(false);
        await FollowAsync(response, cancellation).ConfigureAwait(false);
        _offset += length ?? (content.Descriptor!.Size - _offset);
        NoteProgress();

        HttpContent Body()
        {
            var body = new UploadContent(content.OpenAsync, _offset, length, isWhole: length == rest);
            body.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
            if (length is { } known && (_chunk is not null || _offset > 0))
            {
                body.Headers.TryAddWithoutValidation("Content-Range", $"{_offset}-{_offset + known - 1}"); // the specification wants no unit
            }

            return body;
        }
    }

    // How long a piece is has to be told before it is sent: content that is made while it is read is made once for that alone.
    private async Task MeasureAsync(CancellationToken cancellation)
    {
        if (content.Descriptor is null)
        {
            Stream made = await content.OpenAsync(cancellation).ConfigureAwait(false);
            await using (made.ConfigureAwait(false))
            {
                await made.CopyToAsync(Stream.Null, cancellation).ConfigureAwait(false);
            }
        }
    }

    private async Task CompleteAsync(Func<UploadContent> body, CancellationToken cancellation)
    {
        // For content that was made on the way, this is the first time that its digest is known.
        HttpContent Body()
        {
            UploadContent made = body();
            made.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
            return made;
        }

        Descriptor blob = content.Descriptor ?? throw new InvalidOperationException("content that was sent has no digest");
        string separator = _location!.Query.Length > 0 ? "&" : "?";
        var location = new Uri($"{_location}{separator}digest={blob.Digest}");
        using HttpResponseMessage response = await client.SendUploadAsync(endpoint, HttpMethod.Put, location, Body, _what, cancellation).ConfigureAwait(false);
        RegistryClient.RequireDigest(response, blob.Digest, $"{content.Name} that {endpoint.Location.Registry} got");
    }

    private async Task PauseAsync(string reason, Exception cause, CancellationToken cancellation)
    {
        if (++_failures >= client.Options.Attempts)
        {
            throw new RegistryException($"{reason} (tried {_failures} times)", (cause as RegistryException)?.Status, cause is RegistryException ? cause.InnerException : cause);
        }

        await Task.Delay(client.DelayBefore(_failures), cancellation).ConfigureAwait(false);
        await RecoverAsync(cancellation).ConfigureAwait(false);
    }

    // A registry says "0-0" of an upload that has nothing, and of one that has a byte.
    private async Task RecoverAsync(CancellationToken cancellation)
    {
        try
        {
            using HttpResponseMessage response = await client.SendUploadAsync(endpoint, HttpMethod.Get, _location!, null, _what, cancellation).ConfigureAwait(false);
            if (response.StatusCode == HttpStatusCode.NoContent && ReadEnd(response) is > 0 and var end)
            {
                await FollowAsync(response, cancellation).ConfigureAwait(false);
                _offset = end + 1;
                NoteProgress();
                return;
            }
        }
        catch (Exception e) when (e is OciException || RegistryClient.IsBrokenConnection(e, cancellation))
        {
            // The upload is lost, or cannot be asked for.
        }

        await RestartAsync(cancellation).ConfigureAwait(false);
    }

    private async Task RestartAsync(CancellationToken cancellation)
    {
        _location = await client.StartUploadAsync(endpoint, _what, null, null, cancellation).ConfigureAwait(false);
        _offset = 0;
    }

    private async Task FollowAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        _location = await client.LocationOfAsync(endpoint, response, _location, cancellation).ConfigureAwait(false) ?? _location;
        if (response.Headers.TryGetValues("OCI-Chunk-Min-Length", out IEnumerable<string>? values) && long.TryParse(values.First(), out long minimum))
        {
            _minimumChunk = minimum;
        }
    }

    private async Task<bool> IsThereAsync(CancellationToken cancellation) =>
        content.Descriptor is { } blob && await client.HasBlobAsync(endpoint.Location, blob.Digest, cancellation).ConfigureAwait(false);

    private void NoteProgress()
    {
        if (_offset > _best)
        {
            _best = _offset;
            _failures = 0;
        }
    }

    // What a registry answers that forgot an upload, or has another piece of it than it should have.
    private static bool IsLostUpload(int status) => status is 404 or 416;

    private static long? ReadEnd(HttpResponseMessage response)
    {
        string? range = response.Headers.TryGetValues("Range", out IEnumerable<string>? values) ? values.FirstOrDefault() : null;
        int dash = range?.IndexOf('-') ?? -1;
        return dash >= 0 && long.TryParse(range!.AsSpan(dash + 1), out long end) ? end : null;
    }
}
