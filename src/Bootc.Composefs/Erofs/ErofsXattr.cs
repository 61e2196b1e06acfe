// An extended attribute on its way into an image.
namespace Bootc.Composefs.Erofs;

/// <summary>One name and value, shared by all inodes that have it.</summary>
internal sealed class ErofsXattr(ErofsXattrName name, byte[] value)
{
    public ErofsXattrName Name { get; } = name;

    public byte[] Value { get; } = value;

    public int EntrySize => (int)ErofsFormat.Align(ErofsFormat.XattrEntrySize + Name.Suffix.Length + Value.Length, 4);

    public int Uses { get; set; }

    /// <summary>The offset among the shared attributes in bytes, or -1.</summary>
    public long SharedOffset { get; set; } = -1;

    public static int CompareNames(ErofsXattr left, ErofsXattr right) => left.Name.Bytes.AsSpan().SequenceCompareTo(right.Name.Bytes);

    /// <summary>All attributes of one image, each name and value once.</summary>
    public sealed class Pool
    {
        private readonly Dictionary<string, ErofsXattrName> _names = new(StringComparer.Ordinal);
        private readonly HashSet<ErofsXattr> _xattrs = new(ByContent.Instance);

        public IReadOnlyCollection<ErofsXattr> All => _xattrs;

        public bool Contains(string name, byte[] value) =>
            _names.TryGetValue(name, out ErofsXattrName? known) && _xattrs.Contains(new ErofsXattr(known, value));

        public ErofsXattr Get(string name, byte[] value)
        {
            if (!_names.TryGetValue(name, out ErofsXattrName? known))
            {
                _names.Add(name, known = new ErofsXattrName(name));
            }

            var xattr = new ErofsXattr(known, value);
            return _xattrs.Add(xattr) || !_xattrs.TryGetValue(xattr, out ErofsXattr? existing) ? xattr : existing;
        }
    }

    private sealed class ByContent : IEqualityComparer<ErofsXattr>
    {
        public static ByContent Instance { get; } = new();

        public bool Equals(ErofsXattr? x, ErofsXattr? y) => ReferenceEquals(x!.Name, y!.Name) && x.Value.AsSpan().SequenceEqual(y.Value);

        public int GetHashCode(ErofsXattr xattr)
        {
            var hash = default(HashCode);
            hash.Add(System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(xattr.Name));
            hash.AddBytes(xattr.Value);
            return hash.ToHashCode();
        }
    }
}
