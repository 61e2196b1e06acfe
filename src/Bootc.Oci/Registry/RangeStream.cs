// Ranges of a blob from a registry, with few requests, that survive broken connections.
using System.Net;
using Bootc.Oci.Layers;
using Bootc.Oci.Layers.Chunked;
using Bootc.Oci.Model;

namespace Bootc.Oci.Registry;

/// <summary>
/// Reads ranges of a blob, one after the other. Many are asked for at once; from a registry that does not give several in one
/// answer (storage behind registries often does not), each is asked for on its own, some ahead of the one that is read. When the
/// connection breaks, what is missing is asked for again; progress and the end of a range give new tries.
/// </summary>
internal sealed class RangeStream(
    RegistryClient client, RegistryReference image, Descriptor descriptor, IReadOnlyList<BlobRange> ranges, IProgress<long>? bytesReceived) : ForwardStream
{
    private const int RangesOfARequest = 64; // a header of some 1,300 bytes, which every server takes
    private const int RequestsAhead = 4;
    private const long MaximumExcess = 256 * 1024; // bytes of an answer that were not asked for

    private readonly Queue<(BlobRange Range, Task<HttpResponseMessage> Answer)> _ahead = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly byte[] _dropped = new byte[16 * 1024];
    private PartialAnswer? _answer;
    private bool _isOneAtATime;
    private int _index;
    private int _afterAsked; // the index of the first range that the answer was not asked for
    private int _nextAhead;
    private long _position = ranges.Count > 0 ? ranges[0].Offset : 0;
    private long _received;
    private readonly BlobTries _tries = new(client);

    /// <summary>Connects, so that a registry that gives no ranges is told at once.</summary>
    /// <exception cref="RangesNotSupportedException">It gives none.</exception>
    public async Task OpenAsync(CancellationToken cancellation)
    {
        if (ranges.Count > 0)
        {
            await ConnectAsync(cancellation).ConfigureAwait(false);
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_index < ranges.Count && !buffer.IsEmpty)
        {
            if (_position == ranges[_index].End)
            {
                _tries.Renew();
                _index++;
                _position = _index < ranges.Count ? ranges[_index].Offset : _position;
                continue;
            }

            try
            {
                if (await MoveAsync(cancellationToken).ConfigureAwait(false))
                {
                    int wanted = (int)Math.Min(buffer.Length, ranges[_index].End - _position);
                    int count = await _answer!.ReadAsync(buffer[..wanted], cancellationToken).ConfigureAwait(false);
                    _position += count;
                    _tries.Advance(count);
                    Count(count);
                    return count;
                }
            }
            catch (Exception e) when (e is IOException or TimeoutException or HttpRequestException)
            {
                await PauseAsync(e.Message, e, cancellationToken).ConfigureAwait(false);
            }
        }

        return 0;
    }

    public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Disconnect();
            _stop.Cancel();
            DropAhead();
            _stop.Dispose();
        }

        base.Dispose(disposing);
    }

    // Whether the next byte of the answer is the next one that is wanted.
    private async ValueTask<bool> MoveAsync(CancellationToken cancellation)
    {
        if (_answer is null)
        {
            await ConnectAsync(cancellation).ConfigureAwait(false);
        }

        bool isInPart = _position >= _answer!.Position && _position < _answer.PartEnd;
        long excess = (isInPart ? _position : _answer.PartEnd) - _answer.Position;
        if (excess > MaximumExcess)
        {
            Disconnect(); // the server merged ranges that are far apart
            _isOneAtATime = true;
            return false;
        }

        while (excess > 0)
        {
            int dropped = await _answer.ReadAsync(_dropped.AsMemory(0, (int)Math.Min(_dropped.Length, excess)), cancellation).ConfigureAwait(false);
            excess -= dropped;
            Count(dropped);
        }

        if (isInPart)
        {
            return true;
        }

        if (!await _answer.NextPartAsync(cancellation).ConfigureAwait(false) || _answer.Position > _position)
        {
            await EndAnswerAsync(cancellation).ConfigureAwait(false);
        }

        return false;
    }

    // The answer has no more of what is wanted: all that it was asked for was read, or the server left ranges out.
    private async Task EndAnswerAsync(CancellationToken cancellation)
    {
        Disconnect();
        if (_index == _afterAsked)
        {
            return;
        }

        if (_isOneAtATime)
        {
            await PauseAsync("the answer was another range than was asked for", null, cancellation).ConfigureAwait(false);
        }

        _isOneAtATime = true;
    }

    private async Task ConnectAsync(CancellationToken cancellation)
    {
        while (true)
        {
            HttpResponseMessage response = await AskAsync(cancellation).ConfigureAwait(false);
            if (response.StatusCode == HttpStatusCode.PartialContent)
            {
                _answer = await PartialAnswer.OpenAsync(response, client.Options.StallTimeout, descriptor.Size, cancellation).ConfigureAwait(false);
                return;
            }

            response.Dispose();
            if (_isOneAtATime || ranges.Count - _index == 1)
            {
                throw new RangesNotSupportedException($"{image.Registry} does not give parts of blob {descriptor.Digest}");
            }

            _isOneAtATime = true;
        }
    }

    private Task<HttpResponseMessage> AskAsync(CancellationToken cancellation)
    {
        BlobRange first = new(_position, ranges[_index].End - _position);
        if (!_isOneAtATime)
        {
            BlobRange[] asked = [first, .. ranges.Skip(_index + 1).Take(RangesOfARequest - 1)];
            _afterAsked = _index + asked.Length;
            return client.OpenBlobRangesAsync(image, descriptor.Digest, asked, cancellation);
        }

        _afterAsked = _index + 1;
        while (_ahead.TryPeek(out var next) && next.Range.Offset < first.Offset)
        {
            Drop(_ahead.Dequeue().Answer);
        }

        Task<HttpResponseMessage> answer = _ahead.TryPeek(out var waiting) && waiting.Range == first
            ? _ahead.Dequeue().Answer
            : client.OpenBlobRangesAsync(image, descriptor.Digest, [first], cancellation);
        for (_nextAhead = Math.Max(_nextAhead, _index + 1); _nextAhead < ranges.Count && _ahead.Count < RequestsAhead; _nextAhead++)
        {
            _ahead.Enqueue((ranges[_nextAhead], client.OpenBlobRangesAsync(image, descriptor.Digest, [ranges[_nextAhead]], _stop.Token)));
        }

        return answer;
    }

    private async Task PauseAsync(string reason, Exception? cause, CancellationToken cancellation)
    {
        Disconnect();
        await _tries.PauseAsync(
            $"cannot fetch parts of blob {descriptor.Digest} of {image}: at byte {_position} of {descriptor.Size} {reason}", cause, cancellation).ConfigureAwait(false);
    }

    private void Count(int bytes)
    {
        _received += bytes;
        bytesReceived?.Report(_received);
    }

    private void DropAhead()
    {
        while (_ahead.TryDequeue(out var request))
        {
            Drop(request.Answer);
        }
    }

    private static void Drop(Task<HttpResponseMessage> answer) => answer.ContinueWith(
        static done =>
        {
            if (done.IsCompletedSuccessfully)
            {
                done.Result.Dispose();
            }

            _ = done.Exception; // seen
        },
        CancellationToken.None,
        TaskContinuationOptions.ExecuteSynchronously,
        TaskScheduler.Default);

    private void Disconnect()
    {
        _answer?.Dispose();
        _answer = null;
    }
}
