// The extended attributes by which overlayfs finds backing files, and how a tree's own ones of that name are kept apart.
namespace Bootc.Composefs.Erofs;

internal static class OverlayAttributes
{
    public const string Prefix = "trusted.overlay.";
    public const string EscapePrefix = "trusted.overlay.overlay.";
    public const string Metacopy = "trusted.overlay.metacopy";
    public const string Redirect = "trusted.overlay.redirect";
    public const string Opaque = "trusted.overlay.opaque";
    public const string EscapedWhiteout = "trusted.overlay.overlay.whiteout";
    public const string EscapedWhiteouts = "trusted.overlay.overlay.whiteouts";
    public const string EscapedOpaque = "trusted.overlay.overlay.opaque";
    public const string UserWhiteout = "user.overlay.whiteout";
    public const string UserWhiteouts = "user.overlay.whiteouts";
    public const string UserOpaque = "user.overlay.opaque";
    public const byte Index = 4; // of the prefix that the names have in an image
    public const int MetacopyHeaderSize = 4;
    public const int MetacopyDigestSize = 36;

    /// <summary>The rest of <see cref="Metacopy"/> after its prefix.</summary>
    public static ReadOnlySpan<byte> MetacopySuffix => "overlay.metacopy"u8;

    /// <summary>The rest of <see cref="Redirect"/> after its prefix.</summary>
    public static ReadOnlySpan<byte> RedirectSuffix => "overlay.redirect"u8;

    /// <summary>The value of a metacopy attribute: version, size, flags, algorithm (1 is SHA-256), digest.</summary>
    public static byte[] MetacopyOf(FsVerity.VerityDigest digest)
    {
        byte[] value = new byte[MetacopyDigestSize];
        value[1] = MetacopyDigestSize;
        value[3] = 1;
        digest.CopyTo(value.AsSpan(MetacopyHeaderSize));
        return value;
    }
}
