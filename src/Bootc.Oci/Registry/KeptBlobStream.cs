// A blob whose beginning survives this run.
using System.Diagnostics;
using Bootc.Oci.Layers;

namespace Bootc.Oci.Registry;

/// <summary>
/// Gives what a run before kept of a blob, and then the rest as it comes; what comes is kept as well, if it takes long. A
/// blob that comes fast is not worth a second copy: after two seconds or 16 MiB the speed tells, and what was kept goes. So a
/// run that is killed costs the time of <see cref="OciOptions.KeepPartialAfter"/> for each blob at the most.
/// </summary>
/// <param name="kept">The beginning, disposed with this stream, and removed when all was read.</param>
/// <param name="rest">The rest, from where the beginning ends.</param>
/// <param name="size">How many bytes the blob has.</param>
/// <param name="threshold">How long it must be expected to take.</param>
internal sealed class KeptBlobStream(PartialBlob kept, Stream rest, long size, TimeSpan threshold) : ForwardStream
{
    private const long Trial = 16 << 20;
    private static readonly TimeSpan TrialTime = TimeSpan.FromSeconds(2);

    private readonly long _start = kept.Length;
    private TimeSpan _waited; // for the network alone: who reads slowly would wait for a copy on disk as well
    private bool _isDecided = kept.WasThere; // a blob that was given up once is kept
    private long _position;
    private bool _hasEnded;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int count;
        if (_position < _start)
        {
            count = await kept.ReadAsync(buffer[..(int)Math.Min(buffer.Length, _start - _position)], _position, cancellationToken).ConfigureAwait(false);
            _position += count;
            return count;
        }

        long began = Stopwatch.GetTimestamp();
        count = await rest.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        _waited += Stopwatch.GetElapsedTime(began);
        _position += count;
        _hasEnded |= count == 0 && !buffer.IsEmpty;
        kept.Append(buffer.Span[..count]);
        Decide();
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            if (_hasEnded)
            {
                kept.Discard(); // who read it is done with it
            }

            kept.Dispose();
            rest.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Decide()
    {
        if (_isDecided || (_position < Trial && _waited < TrialTime))
        {
            return;
        }

        _isDecided = true;
        if (_waited * ((double)(size - _position) / Math.Max(1, _position)) < threshold)
        {
            kept.Discard();
        }
    }
}
