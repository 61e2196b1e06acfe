// Whether the image of a deployment is the one that its commit names, and the mount of it.
using Bootc.Composefs;
using Bootc.Composefs.FsVerity;
using Bootc.Linux;
using Bootc.Ostree;
using Bootc.Ostree.GVariant;
using Bootc.Ostree.Objects;
using Microsoft.Win32.SafeHandles;

namespace Bootc.PrepareRoot;

/// <summary>
/// The composefs image of a deployment, checked as far as the configuration and the store ask: in a store that is sealed the
/// kernel says which digest the image has, and checks every object as it is read; elsewhere the image's digest is computed.
/// </summary>
internal sealed class ComposefsRoot
{
    private const string ImageName = ".ostree.cfs";
    private const string RepositoryPath = "ostree/repo";

    private readonly string _image;
    private readonly VerityDigest? _sealedAs;

    private ComposefsRoot(string image, VerityDigest? sealedAs)
    {
        _image = image;
        _sealedAs = sealedAs;
    }

    /// <summary>Whether the kernel checks each object as it is read.</summary>
    public bool RequiresVerity => _sealedAs is not null;

    /// <summary>Checks a deployment's image; <see langword="null"/> when there is none and there need not be one.</summary>
    /// <param name="root">The physical root.</param>
    /// <param name="initramfs">The root of the initramfs, for the keys.</param>
    /// <param name="deployment">The deployment to boot.</param>
    /// <param name="config">What is asked.</param>
    /// <exception cref="PrepareRootException">The image is missing, is not the commit's, or is not sealed or signed as asked.</exception>
    public static ComposefsRoot? Check(DirectoryHandle root, DirectoryHandle initramfs, BootedDeployment deployment, PrepareRootConfig config)
    {
        string path = $"{deployment.Path}/{ImageName}";
        using SafeFileHandle? file = root.TryOpenFile(path);
        if (file is null)
        {
            return config.Composefs == ComposefsDemand.Maybe ? null : throw new PrepareRootException($"{path} is missing");
        }

        byte[] commit = ReadCommit(root, deployment.Commit);
        if (config.Composefs == ComposefsDemand.Signed)
        {
            CommitSignature.Require(root, initramfs, config.KeyPath, deployment.Commit, commit);
        }

        VerityDigest? expected = ReadExpectedDigest(commit, deployment.Commit);
        if (expected is null && config.Composefs >= ComposefsDemand.Verity)
        {
            throw new PrepareRootException($"the commit {deployment.Commit} does not say which digest {path} has to have");
        }

        return new ComposefsRoot($"{root.DisplayPath}/{path}", CheckImage(file, path, expected, deployment, WhoAsksForVerity(root, config)));
    }

    /// <summary>Mounts the image.</summary>
    public void Mount(string physicalRoot, string target, WritableLayer? writable) => _ = ComposefsMount.Attach(_image, target, new ComposefsMountOptions
    {
        ObjectDirectories = [$"{physicalRoot}/{RepositoryPath}/objects"],
        ExpectedDigest = _sealedAs,
        RequireVerity = RequiresVerity,
        Writable = writable,
    });

    // Returns the digest by which the kernel checks the image, when it must.
    private static VerityDigest? CheckImage(SafeFileHandle file, string path, VerityDigest? expected, BootedDeployment deployment, string? whoAsks)
    {
        VerityDigest? measured = FileVerity.TryMeasure(file, path);
        VerityDigest actual = measured ?? Compute(file, path);
        if (expected is { } digest && digest != actual)
        {
            throw new PrepareRootException($"{path} was changed: its fs-verity digest is {actual}, the commit {deployment.Commit} says {digest}");
        }

        if (whoAsks is null)
        {
            return null;
        }

        if (measured is null)
        {
            throw new PrepareRootException($"{path} is not sealed with fs-verity, which {whoAsks} asks for");
        }

        _ = Compute(file, path); // the kernel refuses to read what was changed in a sealed file: better now than later
        return measured;
    }

    private static VerityDigest Compute(SafeFileHandle file, string path)
    {
        try
        {
            return FileVerity.Compute(file, path);
        }
        catch (LinuxException e)
        {
            throw new PrepareRootException($"{path} was changed or cannot be read from the disk: {LinuxException.Describe(e.Error)}", e);
        }
    }

    private static byte[] ReadCommit(DirectoryHandle root, Checksum checksum)
    {
        string path = $"{RepositoryPath}/objects/{new ObjectName(checksum, ObjectType.Commit).PathIn(RepositoryMode.Bare)}";
        byte[] commit = root.TryReadAllBytes(path) ?? throw new PrepareRootException($"the commit {path} is missing");
        return Checksum.Compute(commit) == checksum ? commit : throw new PrepareRootException($"the commit {path} was changed: its checksum is {Checksum.Compute(commit)}");
    }

    private static VerityDigest? ReadExpectedDigest(byte[] commit, Checksum name)
    {
        try
        {
            return Commit.Parse(commit).Metadata.TryGetBytes(CommitComposefs.DigestKey) is { Length: VerityDigest.Size } bytes ? new VerityDigest(bytes.Span) : null;
        }
        catch (GVariantException e)
        {
            throw new PrepareRootException($"the commit {name} is malformed: {e.Message}", e);
        }
    }

    // Sealing the whole store ends with the repository's setting: from then on each boot asks for it.
    private static string? WhoAsksForVerity(DirectoryHandle root, PrepareRootConfig config)
    {
        if (config.Composefs >= ComposefsDemand.Verity)
        {
            return "composefs.enabled";
        }

        const string path = $"{RepositoryPath}/config";
        try
        {
            return root.TryReadAllText(path) is { } text && KeyFile.Parse(text).GetString("ex-integrity", "fsverity") is "true" or "yes" or "1" ? $"ex-integrity.fsverity of {path}" : null;
        }
        catch (FormatException e)
        {
            throw new PrepareRootException($"{path}: {e.Message}", e);
        }
    }
}
