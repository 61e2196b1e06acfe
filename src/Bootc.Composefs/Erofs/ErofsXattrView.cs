// An extended attribute as it stands in an image.
namespace Bootc.Composefs.Erofs;

/// <summary>An attribute's name, split as images have it, and its value.</summary>
internal readonly ref struct ErofsXattrView(byte index, ReadOnlySpan<byte> suffix, ReadOnlySpan<byte> value)
{
    /// <summary>The number of the name's prefix.</summary>
    public byte Index { get; } = index;

    /// <summary>The rest of the name.</summary>
    public ReadOnlySpan<byte> Suffix { get; } = suffix;

    public ReadOnlySpan<byte> Value { get; } = value;

    /// <summary>The whole name.</summary>
    public string Name => ErofsFormat.XattrPrefix(Index) + Linux.FileName.Decode(Suffix);

    /// <summary>Whether it tells overlayfs the digest of a backing file.</summary>
    public bool IsMetacopy => Index == OverlayAttributes.Index && Suffix.SequenceEqual(OverlayAttributes.MetacopySuffix);

    /// <summary>Whether it tells overlayfs the place of a backing file.</summary>
    public bool IsRedirect => Index == OverlayAttributes.Index && Suffix.SequenceEqual(OverlayAttributes.RedirectSuffix);
}
