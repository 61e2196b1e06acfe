// Trees that nobody would make by hand, the same ones for the same seed.
using System.Globalization;
using Bootc.Composefs.FsVerity;
using Bootc.Linux;

namespace Bootc.Composefs.Tests;

/// <summary>Makes random trees with every kind of node, in sizes around the limits of the image format.</summary>
internal sealed class RandomTree
{
    private static readonly string[] AttributeNames =
    [
        "user.a", "user.b", "user.much.longer.name", "security.selinux", "security.capability", "security.ima", "trusted.x",
        "trusted.overlay.metacopy", "trusted.overlay.redirect", "trusted.overlay.origin", "trusted.overlay.overlay.whiteout", "system.posix_acl_access", "system.posix_acl_default", "unknown.name", "x", "user.",
    ];

    private static readonly int[] Lengths = [0, 1, 3, 4, 16, 64, 65, 255, 1000, 2040, 2048, 2049, 3000, 4000, 4050, 4095, 4096, 4097, 5000];
    private static readonly int[] LinkLengths = [1, 10, 60, 255, 1000, 2047, 2049, 3900, 3990, 4000, 4016, 4031, 4032, 4033, 4064, 4090, 4094, 4095];

    private static readonly ulong[] Sizes =
        [1, 65, 4095, 4096, 4097, 5001, 1UL << 20, uint.MaxValue, (ulong)uint.MaxValue + 1, 1UL << 43, (1UL << 43) + 1, (5UL << 43) + 3, 1UL << 50, (1UL << 53) - 1, 1UL << 53];

    private readonly Random _random;
    private readonly List<ComposefsNode> _files = [];
    private int _left;

    private RandomTree(int seed) => _random = new Random(seed);

    /// <summary>The tree of a seed.</summary>
    public static ComposefsNode Make(int seed) => new RandomTree(seed).Make();

    private ComposefsNode Make()
    {
        _left = Pick([3, 20, 100, 400]);
        ComposefsNode root = WithMetadata(new ComposefsNode(ModeBits.Directory | 0x1ED));
        Fill(root, 0);
        return root;
    }

    private void Fill(ComposefsNode directory, int depth)
    {
        int entries = Pick([0, 1, 5, 20, 60, 300]);
        for (int i = 0; i < entries && _left > 0; i++)
        {
            _left--;
            string name = depth == 0 && Chance(10) ? _random.Next(0, 256).ToString("x2", CultureInfo.InvariantCulture) : Name(i);
            if (directory.Children.ContainsKey(name))
            {
                continue;
            }

            if (_files.Count > 0 && Chance(12))
            {
                ComposefsNode target = _files[_random.Next(_files.Count)];
                target.LinkCount++;
                directory.Add(name, new ComposefsNode(target.Mode) { HardLinkTarget = target });
                continue;
            }

            ComposefsNode node = Node();
            directory.Add(name, node);
            if (node.Kind == FileKind.Directory)
            {
                Fill(node, depth + 1);
                MarkOpaque(node);
            }
            else if (!IsWhiteout(node))
            {
                _files.Add(node); // a whiteout with a second name marks the directory of the first one only
            }
        }
    }

    // mkcomposefs does not take marks on a directory that it marks itself, because of whiteouts.
    private void MarkOpaque(ComposefsNode directory)
    {
        if (Chance(20) && !directory.Children.Values.Any(IsWhiteout))
        {
            directory.SetExtendedAttribute("trusted.overlay.opaque", "y"u8.ToArray());
            directory.SetExtendedAttribute("user.overlay.opaque", "y"u8.ToArray());
        }
    }

    private static bool IsWhiteout(ComposefsNode node) => node.Kind == FileKind.CharacterDevice && node.DeviceNumber == 0;

    private ComposefsNode Node() => _random.Next(12) switch
    {
        0 or 1 or 2 => WithMetadata(new ComposefsNode(ModeBits.Directory | Permissions())),
        3 => WithMetadata(new ComposefsNode(ModeBits.SymbolicLink | 0x1FF) { Payload = Text(Pick(LinkLengths)) }),
        4 => WithMetadata(new ComposefsNode(ModeBits.CharacterDevice | Permissions()) { DeviceNumber = Chance(50) ? 0 : (ulong)_random.NextInt64(uint.MaxValue) }),
        5 => WithMetadata(new ComposefsNode(ModeBits.BlockDevice | Permissions()) { DeviceNumber = (ulong)_random.NextInt64(uint.MaxValue) }),
        6 => WithMetadata(new ComposefsNode(Pick([ModeBits.Fifo, ModeBits.Socket]) | Permissions())),
        7 or 8 => WithMetadata(new ComposefsNode(ModeBits.Regular | Permissions()) { Content = Bytes(Pick(Lengths)) }),
        _ => WithMetadata(BackedFile()),
    };

    private ComposefsNode BackedFile()
    {
        var node = new ComposefsNode(ModeBits.Regular | Permissions()) { Size = Pick(Sizes) };
        if (Chance(80))
        {
            // composefs-info reads two bytes too many from paths of the lengths between.
            node.Payload = Text(4 * _random.Next(1, 40));
        }

        if (Chance(80))
        {
            node.Digest = new VerityDigest(Bytes(VerityDigest.Size));
        }

        return node;
    }

    private ComposefsNode WithMetadata(ComposefsNode node)
    {
        node.Uid = Pick<uint>([0, 0, 0, 1000, ushort.MaxValue, ushort.MaxValue + 1, uint.MaxValue]);
        node.Gid = Pick<uint>([0, 0, 0, 1000, ushort.MaxValue, ushort.MaxValue + 1, uint.MaxValue]);
        node.LinkCount = Chance(3) ? 70_000u : 1;
        node.ModifiedSeconds = Pick([0, 0, 0, 1, -1, 1_700_000_000, long.MaxValue >> 20, -2_000_000_000]);
        node.ModifiedNanoseconds = Pick<uint>([0, 0, 0, 1, 999_999_999]);
        int attributes = Chance(2) ? 200 : Chance(40) ? _random.Next(1, 5) : 0;
        for (int i = 0; i < attributes; i++)
        {
            string name = attributes > 100 ? $"user.number{i}" : Pick(AttributeNames);
            // composefs-info overlooks an attribute with neither a name after its prefix nor a value.
            bool isPrefix = name is "user." || name.StartsWith("system.", StringComparison.Ordinal);
            byte[] value = isPrefix ? Bytes(Pick([4, 28, 100])) : attributes > 100 ? [(byte)i] : Chance(60) ? [.. "some value"u8[.._random.Next(10)]] : Bytes(Pick([0, 1, 2, 3, 28, 2000, 4000]));
            node.SetExtendedAttribute(name, value);
        }

        return node;
    }

    private string Name(int number)
    {
        byte[] prefix = [.. System.Text.Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture)), (byte)'_'];
        int length = Pick([1, 1, 5, 20, 200, 255 - prefix.Length]);
        return FileName.Decode([.. prefix, .. Chance(70) ? TextBytes(length) : NameBytes(length)]);
    }

    private byte[] NameBytes(int length)
    {
        byte[] bytes = Bytes(length);
        for (int i = 0; i < length; i++)
        {
            bytes[i] = bytes[i] is 0 or (byte)'/' ? (byte)'=' : bytes[i];
        }

        return bytes;
    }

    private string Text(int length) => System.Text.Encoding.ASCII.GetString(TextBytes(length));

    private byte[] TextBytes(int length)
    {
        byte[] text = new byte[length];
        for (int i = 0; i < length; i++)
        {
            text[i] = (byte)_random.Next('!', '~');
            text[i] = text[i] == '/' ? (byte)'-' : text[i];
        }

        return text;
    }

    private uint Permissions() => (uint)_random.Next(0x1000);

    private byte[] Bytes(int length)
    {
        byte[] bytes = new byte[length];
        _random.NextBytes(bytes);
        return bytes;
    }

    private bool Chance(int percent) => _random.Next(100) < percent;

    private T Pick<T>(IReadOnlyList<T> values) => values[_random.Next(values.Count)];
}
