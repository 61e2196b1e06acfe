// Checks content against its digest and size as it passes by.
using System.Security.Cryptography;
using Bootc.Oci.Model;

namespace Bootc.Oci.Layers;

/// <summary>
/// A stream that hashes what is read through it and, at its end, throws when digest or size are not as expected. It never
/// gives out more than the expected size.
/// </summary>
internal sealed class DigestStream : ObservingStream
{
    private readonly IncrementalHash _hash;
    private readonly Digest _expected;
    private readonly long? _size;
    private readonly Func<Digest, string, Exception> _mismatch;
    private long _count;
    private bool _checked;

    /// <summary>Wraps a stream, which is disposed with this one.</summary>
    /// <param name="source">The content.</param>
    /// <param name="expected">The digest that it must have.</param>
    /// <param name="size">The size that it must have, if known.</param>
    /// <param name="mismatch">Makes the error, given what was expected and what came.</param>
    public DigestStream(Stream source, Digest expected, long? size, Func<Digest, string, Exception> mismatch)
        : base(source)
    {
        _expected = expected;
        _size = size;
        _mismatch = mismatch;
        _hash = IncrementalHash.CreateHash(expected.HashAlgorithm);
    }

    public override long Position
    {
        get => _count;
        set => throw new NotSupportedException();
    }

    protected override void Observe(ReadOnlySpan<byte> data, bool isEnd)
    {
        if (!data.IsEmpty)
        {
            _count += data.Length;
            if (_count > _size)
            {
                throw _mismatch(_expected, $"more than its {_size} bytes");
            }

            _hash.AppendData(data);
        }
        else if (isEnd && !_checked)
        {
            Check();
            _checked = true;
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _hash.Dispose();
        }

        base.Dispose(disposing);
    }

    private void Check()
    {
        if (_size is { } size && _count != size)
        {
            throw _mismatch(_expected, $"only {_count} of its {size} bytes");
        }

        Digest actual = Digest.FromHash(_hash.GetCurrentHash());
        if (actual != _expected)
        {
            throw _mismatch(_expected, actual.ToString());
        }
    }
}
