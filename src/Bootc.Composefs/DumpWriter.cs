// Writes dump files, as bytes, since that is what names, targets and attributes are.
using System.Buffers;
using System.Buffers.Text;
using Bootc.Composefs.FsVerity;
using Bootc.Linux;

namespace Bootc.Composefs;

/// <summary>Writes the lines of one tree; see <see cref="DumpFile"/>.</summary>
internal sealed class DumpWriter(Stream destination)
{
    private const int BufferSize = 64 * 1024;
    private const int LongestNumber = 20;
    private const int LongestEscape = 4;

    private static readonly SearchValues<byte> Odd = SearchValues.Create(
        [.. Enumerable.Range(0, 256).Where(value => value is <= ' ' or >= 0x7f or '\\').Select(value => (byte)value)]);

    private static readonly SearchValues<byte> OddOrEquals = SearchValues.Create(
        [.. Enumerable.Range(0, 256).Where(value => value is <= ' ' or >= 0x7f or '\\' or '=').Select(value => (byte)value)]);

    private readonly byte[] _buffer = new byte[BufferSize];
    private readonly Dictionary<ComposefsNode, byte[]> _linkedPaths = new(ReferenceEqualityComparer.Instance);
    private byte[] _path = new byte[256];
    private int _pathLength;
    private int _fill;

    public void Write(ComposefsNode root)
    {
        FindLinked(root);
        if (_linkedPaths.Count > 0)
        {
            FindPaths(root);
        }

        WriteNode(root);
        Flush();
    }

    private void FindLinked(ComposefsNode directory)
    {
        foreach (ComposefsNode child in directory.Entries.Values)
        {
            if (child.HardLinkTarget is not null)
            {
                _linkedPaths[child.Resolve()] = [];
            }

            FindLinked(child);
        }
    }

    private void FindPaths(ComposefsNode directory)
    {
        foreach ((string name, ComposefsNode child) in directory.Entries)
        {
            int length = Enter(FileName.Encode(name));
            if (child.HardLinkTarget is null && _linkedPaths.ContainsKey(child))
            {
                _linkedPaths[child] = _path[.._pathLength];
            }

            FindPaths(child);
            _pathLength = length;
        }
    }

    private void WriteNode(ComposefsNode name)
    {
        ComposefsNode node = name.Resolve();
        bool isLink = name.HardLinkTarget is not null;
        PutEscaped(_pathLength == 0 ? "/"u8 : _path.AsSpan(0, _pathLength), Odd);
        WriteNumbers(node, isLink);
        WriteOptional(isLink ? _linkedPaths[node] : node.Payload is { } payload ? FileName.Encode(payload) : null);
        Put((byte)' ');
        WriteOptional(node.Content);
        WriteDigest(node.Digest);
        for (int i = 0; i < node.ExtendedAttributes.Count; i++)
        {
            (string key, byte[] value) = node.ExtendedAttributes[i];
            Put((byte)' ');
            PutEscaped(FileName.Encode(key), OddOrEquals);
            Put((byte)'=');
            PutEscaped(value, OddOrEquals);
        }

        Put((byte)'\n');
        WriteChildren(name);
    }

    private void WriteChildren(ComposefsNode directory)
    {
        if (directory.Entries.Count == 0)
        {
            return;
        }

        var children = new (byte[] Name, ComposefsNode Node)[directory.Entries.Count];
        int count = 0;
        foreach ((string name, ComposefsNode child) in directory.Entries)
        {
            children[count++] = (FileName.Encode(name), child);
        }

        Array.Sort(children, static (a, b) => a.Name.AsSpan().SequenceCompareTo(b.Name));
        foreach ((byte[] name, ComposefsNode child) in children)
        {
            int length = Enter(name);
            WriteNode(child);
            _pathLength = length;
        }
    }

    // The length of the path before is how to leave again.
    private int Enter(ReadOnlySpan<byte> name)
    {
        int length = _pathLength;
        if (length + 1 + name.Length > _path.Length)
        {
            Array.Resize(ref _path, (length + 1 + name.Length) * 2);
        }

        _path[length] = (byte)'/';
        name.CopyTo(_path.AsSpan(length + 1));
        _pathLength = length + 1 + name.Length;
        return length;
    }

    private void WriteNumbers(ComposefsNode node, bool isLink)
    {
        Put((byte)' ');
        PutNumber(node.Size);
        Put((byte)' ');
        if (isLink)
        {
            Put((byte)'@');
        }

        PutOctal(node.Mode);
        Put((byte)' ');
        PutNumber((ulong)LinkCountOf(node));
        Put((byte)' ');
        PutNumber((ulong)node.Uid);
        Put((byte)' ');
        PutNumber((ulong)node.Gid);
        Put((byte)' ');
        PutNumber(node.DeviceNumber);
        Put((byte)' ');
        PutNumber(node.ModifiedSeconds);
        Put((byte)'.');
        PutNumber((ulong)node.ModifiedNanoseconds);
        Put((byte)' ');
    }

    private static uint LinkCountOf(ComposefsNode node)
    {
        if (node.Kind != FileKind.Directory)
        {
            return node.LinkCount;
        }

        uint count = 2;
        foreach (ComposefsNode child in node.Entries.Values)
        {
            count += child.Kind == FileKind.Directory && child.HardLinkTarget is null ? 1u : 0;
        }

        return count;
    }

    private void WriteOptional(byte[]? value)
    {
        switch (value)
        {
            case null:
                Put((byte)'-');
                break;
            case [(byte)'-']:
                Put("\\x2d"u8);
                break;
            default:
                PutEscaped(value, Odd);
                break;
        }
    }

    private void WriteDigest(VerityDigest? digest)
    {
        Put((byte)' ');
        if (digest is not { } known)
        {
            Put((byte)'-');
            return;
        }

        Span<byte> hex = stackalloc byte[VerityDigest.Size * 2];
        Convert.TryToHexStringLower(VerityDigest.AsSpan(in known), hex, out _);
        Put(hex);
    }

    private void PutEscaped(ReadOnlySpan<byte> value, SearchValues<byte> odd)
    {
        for (int plain; !value.IsEmpty; value = value[(plain + 1)..])
        {
            plain = value.IndexOfAny(odd);
            if (plain < 0)
            {
                Put(value);
                return;
            }

            Put(value[..plain]);
            PutEscape(value[plain]);
        }
    }

    private void PutEscape(byte value)
    {
        const string Digits = "0123456789abcdef";
        Span<byte> escape = Room(LongestEscape);
        escape[0] = (byte)'\\';
        char letter = value switch
        {
            (byte)'\\' => '\\',
            (byte)'\n' => 'n',
            (byte)'\r' => 'r',
            (byte)'\t' => 't',
            _ => 'x',
        };
        escape[1] = (byte)letter;
        _fill += 2;
        if (letter == 'x')
        {
            escape[2] = (byte)Digits[value >> 4];
            escape[3] = (byte)Digits[value & 15];
            _fill += 2;
        }
    }

    private void PutNumber(long value)
    {
        Utf8Formatter.TryFormat(value, Room(LongestNumber), out int length);
        _fill += length;
    }

    private void PutNumber(ulong value)
    {
        Utf8Formatter.TryFormat(value, Room(LongestNumber), out int length);
        _fill += length;
    }

    private void PutOctal(uint value)
    {
        Span<byte> digits = stackalloc byte[11];
        int first = digits.Length;
        do
        {
            digits[--first] = (byte)('0' + (value & 7));
            value >>= 3;
        }
        while (value > 0);
        Put(digits[first..]);
    }

    private void Put(byte value)
    {
        Room(1)[0] = value;
        _fill++;
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            Span<byte> room = Room(1);
            int count = Math.Min(bytes.Length, room.Length);
            bytes[..count].CopyTo(room);
            _fill += count;
            bytes = bytes[count..];
        }
    }

    private Span<byte> Room(int needed)
    {
        if (BufferSize - _fill < needed)
        {
            Flush();
        }

        return _buffer.AsSpan(_fill);
    }

    private void Flush()
    {
        destination.Write(_buffer, 0, _fill);
        _fill = 0;
    }
}
