// Trees as commits have them, in versions that differ in little; the same ones for the same seed.
using Bootc.Composefs.FsVerity;
using Bootc.Linux;

namespace Bootc.Composefs.Tests;

/// <summary>What a file or directory is; two versions of a tree have the same object for what did not change.</summary>
internal sealed class CommitTree
{
    private static readonly int[] NameLengths = [1, 5, 12, 30, 200, 255];
    private static readonly int[] LinkLengths = [1, 10, 60, 2047, 2049, 3900, 4000, 4032, 4064, 4095];
    private static readonly ulong[] Sizes = [0, 1, 4096, 4097, 1UL << 20, uint.MaxValue, 1UL << 43, (5UL << 43) + 3, 1UL << 53];

    private uint Mode { get; init; }

    private uint Owner { get; init; }

    private ulong Size { get; init; }

    private string? Payload { get; init; }

    private VerityDigest? Digest { get; init; }

    private ExtendedAttribute[] Attributes { get; init; } = [];

    private Dictionary<string, CommitTree>? Entries { get; init; }

    /// <summary>A tree of about so many files.</summary>
    public static CommitTree Make(Random random, int files) => Directory(random, files, depth: 0);

    /// <summary>Another version of the tree: what it changed, added and removed is little, and in a few directories.</summary>
    public CommitTree Change(Random random)
    {
        Dictionary<string, CommitTree> entries = new(Entries!);
        foreach ((string name, CommitTree child) in Entries!)
        {
            if (random.Next(12) == 0)
            {
                entries.Remove(name);
            }
            else if (random.Next(12) == 0)
            {
                entries[name] = File(random);
            }
            else if (child.Entries is not null && random.Next(3) == 0)
            {
                entries[name] = child.Change(random);
            }
        }

        for (int i = random.Next(4); i > 0; i--)
        {
            entries[Name(random)] = random.Next(3) == 0 ? Directory(random, 5, depth: 3) : File(random);
        }

        // What an image has once may be there twice now.
        if (random.Next(2) == 0 && entries.Values.FirstOrDefault(child => child.Entries is null) is { } copied)
        {
            entries[Name(random)] = new CommitTree { Mode = copied.Mode, Size = copied.Size, Payload = copied.Payload, Digest = copied.Digest, Attributes = copied.Attributes };
        }

        return With(entries);
    }

    /// <summary>The tree for an image.</summary>
    public ComposefsNode ToNode() => ToNode(null, null);

    /// <summary>The tree for an image, which takes over what another version has the same.</summary>
    public ComposefsNode ToNode(CommitTree? like, ImageDirectory? image)
    {
        ComposefsNode node = Describe();
        foreach ((string name, CommitTree child) in Entries ?? [])
        {
            CommitTree? same = null;
            like?.Entries?.TryGetValue(name, out same);
            node.Add(name, same == child && image!.TryGetNode(name, out ComposefsNode? taken) ? taken
                : child.Entries is not null && same?.Entries is not null && image!.TryGetDirectory(name) is { } directory ? child.ToNode(same, directory)
                : child.ToNode());
        }

        return node;
    }

    private ComposefsNode Describe()
    {
        var node = new ComposefsNode(Mode) { Uid = Owner, Gid = Owner, Size = Size };
        if (Payload is not null)
        {
            node.Payload = Payload;
        }

        node.Digest = Digest;
        foreach (ExtendedAttribute attribute in Attributes)
        {
            node.SetExtendedAttribute(attribute.Name, attribute.Value);
        }

        return node;
    }

    private CommitTree With(Dictionary<string, CommitTree> entries) => new() { Mode = Mode, Owner = Owner, Attributes = Attributes, Entries = entries };

    private static CommitTree Directory(Random random, int files, int depth)
    {
        Dictionary<string, CommitTree> entries = [];
        for (int left = files; left > 0; left--)
        {
            if (depth < 4 && left > 10 && random.Next(8) == 0)
            {
                int below = random.Next(left);
                entries[Name(random)] = Directory(random, below, depth + 1);
                left -= below;
            }
            else
            {
                entries[Name(random)] = File(random);
            }
        }

        return new() { Mode = ModeBits.Directory | 0x1ED, Owner = Owners(random), Attributes = Labels(random), Entries = entries };
    }

    private static CommitTree File(Random random)
    {
        if (random.Next(6) == 0)
        {
            return new() { Mode = ModeBits.SymbolicLink | 0x1FF, Owner = Owners(random), Payload = new string('l', Pick(random, LinkLengths)), Attributes = Labels(random) };
        }

        ulong size = Pick(random, Sizes);
        byte[] digest = new byte[VerityDigest.Size];
        digest[0] = (byte)random.Next(256); // few enough for some to be there twice
        digest[1] = (byte)random.Next(4);
        return new()
        {
            Mode = ModeBits.Regular | 0x1A4,
            Owner = Owners(random),
            Size = size,
            Payload = size == 0 ? null : $"{digest[0]:x2}/{new string((char)('a' + digest[1]), 62)}{(random.Next(9) == 0 ? "" : ".file")}",
            Digest = size == 0 || random.Next(9) == 0 ? null : new VerityDigest(digest),
            Attributes = Labels(random),
        };
    }

    private static ExtendedAttribute[] Labels(Random random) => random.Next(5) switch
    {
        0 => [],
        1 => [new("security.selinux", [(byte)random.Next(256), 1])],
        2 => [new("security.selinux", "usr_t"u8.ToArray()), new("system.posix_acl_access", new byte[random.Next(20)])],
        3 => [new("security.capability", new byte[20]), new("user.x", new byte[random.Next(300)]), new("security.selinux", "bin_t"u8.ToArray())],
        _ => [new("security.selinux", "usr_t"u8.ToArray())],
    };

    private static uint Owners(Random random) => Pick<uint>(random, [0, 0, 0, 0, 33, 100_000]);

    private static string Name(Random random)
    {
        string name = $"{random.Next(1_000_000)}";
        return name.PadRight(Math.Max(Pick(random, NameLengths), name.Length), random.Next(9) == 0 ? '~' : 'n');
    }

    private static T Pick<T>(Random random, T[] choices) => choices[random.Next(choices.Length)];
}
