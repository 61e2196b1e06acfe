// From a layer's blob to its tar stream: decompressed on another thread, checked against its diff-id.
using System.IO.Compression;
using Bootc.Oci.Layers.Chunked;
using Bootc.Oci.Model;
using Bootc.Oci.Transports;
using ZstdSharp;

namespace Bootc.Oci.Layers;

/// <summary>Opens layers for reading.</summary>
public static class LayerStream
{
    /// <summary>Layers have at most so many bytes uncompressed; one that has more is no layer of an operating system, but made to fill disks.</summary>
    public const long MaximumSize = 1L << 38;

    private const int BufferSize = 128 * 1024;

    /// <summary>
    /// The tar stream of a layer. What compression it has is told by its first bytes, since media types are not always
    /// right. Fetching and decompressing go on on another thread while the stream is read. Its end checks the diff-id.
    /// </summary>
    /// <param name="blob">The layer's blob, disposed with the result.</param>
    /// <param name="expectedDiffId">The digest that the decompressed layer must have; <see langword="null"/> when it is not known.</param>
    /// <param name="what">The layer's name in errors.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <exception cref="LayerFormatException">It is damaged, has more than <see cref="MaximumSize"/> bytes, or is not the layer that the image names (thrown by reading).</exception>
    public static Stream OpenTar(Stream blob, Digest? expectedDiffId, string what, CancellationToken cancellation = default)
    {
        Stream tar = new PipelinedStream(new DecompressingStream(blob, what), cancellation);
        return expectedDiffId is { } diffId
            ? new DigestStream(tar, diffId, null, (expected, actual) => new LayerFormatException(
                $"{what} is not the layer that the image's configuration names: expected diff-id {expected}, got {actual}"))
            : tar;
    }

    /// <summary>Reads a blob through and keeps a part of it, as soon as it has passed.</summary>
    /// <param name="blob">The blob, disposed with the result.</param>
    /// <param name="range">The part to keep.</param>
    /// <param name="captured">Given the part, whole, by whoever reads; not called when the blob ends before.</param>
    public static Stream Capture(Stream blob, BlobRange range, Action<byte[]> captured) => new BlobCapture(blob, range, captured);

    /// <summary>
    /// A stream of what a function writes, on a thread of its own, a bounded number of bytes ahead of who reads. An error of the
    /// function is thrown by the read that comes to where it occurred; disposing the stream stops it.
    /// </summary>
    public static Stream Produce(Action<Stream, CancellationToken> write, CancellationToken cancellation) => new ProducedStream(
        (output, stop) => Task.Factory.StartNew(() => write(output, stop), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default), cancellation);

    /// <summary>A stream that tells how many bytes have been read from it.</summary>
    /// <param name="content">The stream, disposed with the result.</param>
    /// <param name="bytesRead">Told the number so far.</param>
    public static Stream Count(Stream content, IProgress<long>? bytesRead) => new CountingStream(content, bytesRead);

    /// <summary>The decompressed form of what begins with <paramref name="head"/>.</summary>
    internal static Stream Decompress(Stream source, ReadOnlySpan<byte> head)
    {
        if (head.StartsWith((ReadOnlySpan<byte>)[0x1f, 0x8b]))
        {
            return new GZipStream(source, CompressionMode.Decompress);
        }

        // Zstandard frames and skippable frames, with which zstd:chunked layers may begin.
        bool isZstd = head.StartsWith((ReadOnlySpan<byte>)[0x28, 0xb5, 0x2f, 0xfd])
            || (head.Length >= 4 && (head[0] & 0xf0) == 0x50 && head[1..4].SequenceEqual((ReadOnlySpan<byte>)[0x2a, 0x4d, 0x18]));
        return isZstd ? new DecompressionStream(source, BufferSize, checkEndOfStream: true) : source;
    }
}
