// Mounts composefs images: the image gives names and metadata, a directory of backing files gives the content.
using System.Buffers.Binary;
using Bootc.Composefs.Erofs;
using Bootc.Composefs.FsVerity;
using Bootc.Linux;
using Microsoft.Win32.SafeHandles;

namespace Bootc.Composefs;

/// <summary>
/// A mounted composefs image: EROFS below, and over it an overlay that takes content from data-only layers. It is read-only unless it has a layer to write to.
/// Disposing unmounts it. Needs Linux 6.8.
/// </summary>
/// <example>
/// <code>
/// using ComposefsMount mount = ComposefsMount.Attach("image.cfs", "/mnt", new ComposefsMountOptions { ObjectDirectories = ["/objects"] });
/// </code>
/// </example>
public sealed class ComposefsMount : IDisposable
{
    private bool _isAttached = true;

    private ComposefsMount(string path) => Path = path;

    /// <summary>Where the image is mounted.</summary>
    public string Path { get; }

    /// <summary>Mounts an image at a directory.</summary>
    /// <param name="image">The path of the image.</param>
    /// <param name="path">The directory to mount at.</param>
    /// <param name="options">Where the content is, and what is checked.</param>
    /// <exception cref="ComposefsFormatException">The file is no composefs image, or not the one that is expected.</exception>
    /// <exception cref="LinuxException">The kernel refuses; the message has its reason.</exception>
    public static ComposefsMount Attach(string image, string path, ComposefsMountOptions options)
    {
        if (options.ObjectDirectories.Count == 0)
        {
            throw new ArgumentException("a composefs image is mounted with at least one directory of backing files", nameof(options));
        }

        using SafeFileHandle file = File.OpenHandle(image, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        CheckDigest(file, image, options.ExpectedDigest);

        // The overlay takes its layers by path. It keeps the image's mount to itself, so that this one can go again.
        using (SafeFileHandle erofs = MountImage(file, image))
        {
            Mounts.Attach(erofs, path);
        }

        SafeFileHandle overlay;
        try
        {
            overlay = MountOverlay(image, path, options);
        }
        finally
        {
            Mounts.Detach(path);
        }

        using (overlay)
        {
            Mounts.Attach(overlay, path);
        }

        return new ComposefsMount(path);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_isAttached)
        {
            _isAttached = false;
            Mounts.Detach(Path);
        }
    }

    private static void CheckDigest(SafeFileHandle file, string image, VerityDigest? expected)
    {
        if (expected is not { } digest)
        {
            return;
        }

        VerityDigest actual = FileVerity.TryMeasure(file, image)
            ?? throw new ComposefsFormatException($"the image '{image}' is not sealed with fs-verity, so that it cannot be trusted to be {digest}");
        if (actual != digest)
        {
            throw new ComposefsFormatException($"the image '{image}' has the fs-verity digest {actual}, not {digest}");
        }
    }

    private static SafeFileHandle MountImage(SafeFileHandle file, string image)
    {
        bool hasAcl = HasAcl(file, image);
        try
        {
            return MountErofs($"/proc/self/fd/{file.DangerousGetHandle()}", image, hasAcl);
        }
        catch (LinuxException e) when (e.Error == Errno.ENOTBLK)
        {
            using LoopDevice device = LoopDevice.Attach(file); // before Linux 6.12
            return MountErofs(device.Path, image, hasAcl);
        }
    }

    private static bool HasAcl(SafeFileHandle file, string image)
    {
        Span<byte> header = stackalloc byte[ErofsFormat.ComposefsHeaderSize];
        if (file.ReadFully(header, image) < header.Length || BinaryPrimitives.ReadUInt32LittleEndian(header) != ErofsFormat.ComposefsMagic)
        {
            throw new ComposefsFormatException($"'{image}' is no composefs image: the magic number at its start is missing");
        }

        return (BinaryPrimitives.ReadUInt32LittleEndian(header[8..]) & ErofsFormat.ComposefsHasAcl) != 0;
    }

    private static SafeFileHandle MountErofs(string source, string image, bool hasAcl)
    {
        using FileSystemContext erofs = FileSystemContext.Open("erofs");
        erofs.SetString("source", source);
        erofs.SetFlag("ro");
        if (!hasAcl)
        {
            erofs.SetFlag("noacl");
        }

        return erofs.CreateMount(image);
    }

    private static SafeFileHandle MountOverlay(string image, string imageMount, ComposefsMountOptions options)
    {
        using FileSystemContext overlay = FileSystemContext.Open("overlay");
        overlay.SetString("source", "composefs");
        overlay.SetString("metacopy", "on");
        overlay.SetString("redirect_dir", "on");
        if (options.RequireVerity)
        {
            overlay.SetString("verity", "require");
        }

        overlay.SetString("lowerdir+", imageMount);
        foreach (string directory in options.ObjectDirectories)
        {
            overlay.SetString("datadir+", directory);
        }

        if (options.Writable is { } writable)
        {
            overlay.SetUpperLayer(writable.UpperDirectory, writable.WorkDirectory, writable.IsVolatile);
        }

        return overlay.CreateMount(image, readOnly: options.Writable is null or { IsReadOnly: true });
    }
}
