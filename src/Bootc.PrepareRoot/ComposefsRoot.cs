// Whether the image of a deployment is the one that its commit names, and the mount of it.
using Bootc.Composefs;
using Bootc.Composefs.FsVerity;
using Bootc.Linux;
using Bootc.Ostree;
using Bootc.Ostree.Objects;
using Microsoft.Win32.SafeHandles;

namespace Bootc.PrepareRoot;

/// <summary>The composefs image of a deployment, checked as far as the configuration asks.</summary>
internal sealed class ComposefsRoot
{
    private const string ImageName = ".ostree.cfs";
    private const string RepositoryPath = "ostree/repo";

    private readonly string _image;
    private readonly VerityDigest? _sealedAs;

    private ComposefsRoot(string image, VerityDigest? sealedAs, bool requireVerity)
    {
        _image = image;
        _sealedAs = sealedAs;
        RequiresVerity = requireVerity;
    }

    /// <summary>Whether the kernel checks each object as it is read.</summary>
    public bool RequiresVerity { get; }


    /// <summary>Checks a deployment's image; <see langword="null"/> when there is none and there need not be one.</summary>
    /// <exception cref="PrepareRootException">The image is missing, is not the commit's, or is not sealed as asked.</exception>
    public static ComposefsRoot? Check(DirectoryHandle root, BootedDeployment deployment, PrepareRootConfig config)
    {
        string path = $"{deployment.Path}/{ImageName}";
        using SafeFileHandle? file = root.TryOpenFile(path);
        if (file is null)
        {
            return config.Composefs == ComposefsDemand.Maybe ? null : throw new PrepareRootException($"{path} is missing");
        }

        byte[] commit = ReadCommit(root, deployment.Commit);
        VerityDigest? expected = ReadExpectedDigest(commit);
        VerityDigest? kernel = FileVerity.TryMeasure(file, path);
        bool isDemanded = config.Composefs >= ComposefsDemand.Verity;
        if (isDemanded && kernel is null)
        {
            throw new PrepareRootException($"{path} is not sealed with fs-verity, which composefs.enabled asks for");
        }

        if (isDemanded && expected is null)
        {
            throw new PrepareRootException($"the commit {deployment.Commit} does not say which digest {path} has to have");
        }

        VerityDigest actual = kernel ?? FileVerity.Compute(file, path);
        if (expected is { } digest && digest != actual)
        {
            throw new PrepareRootException($"{path} was changed: its fs-verity digest is {actual}, the commit {deployment.Commit} says {digest}");
        }

        bool requireVerity = isDemanded || (kernel is not null && IsStoreSealed(root));
        return new ComposefsRoot($"{root.DisplayPath}/{path}", requireVerity ? actual : null, requireVerity);
    }

    /// <summary>Mounts the image.</summary>
    public void Mount(string physicalRoot, string target, WritableLayer? writable) => _ = ComposefsMount.Attach(_image, target, new ComposefsMountOptions
    {
        ObjectDirectories = [$"{physicalRoot}/{RepositoryPath}/objects"],
        ExpectedDigest = _sealedAs,
        RequireVerity = RequiresVerity,
        Writable = writable,
    });

    private static byte[] ReadCommit(DirectoryHandle root, Checksum checksum)
    {
        string path = $"{RepositoryPath}/objects/{new ObjectName(checksum, ObjectType.Commit).PathIn(RepositoryMode.Bare)}";
        byte[] commit = root.TryReadAllBytes(path) ?? throw new PrepareRootException($"the commit {path} is missing");
        return Checksum.Compute(commit) == checksum ? commit : throw new PrepareRootException($"the commit {path} was changed: its checksum is {Checksum.Compute(commit)}");
    }

    private static VerityDigest? ReadExpectedDigest(byte[] commit) =>
        Commit.Parse(commit).Metadata.TryGetBytes(CommitComposefs.DigestKey) is { Length: VerityDigest.Size } bytes ? new VerityDigest(bytes.Span) : null;

    // Sealing the whole store ends with this setting: from then on each boot asks for it.
    private static bool IsStoreSealed(DirectoryHandle root)
    {
        try
        {
            return root.TryReadAllText($"{RepositoryPath}/config") is { } text && KeyFile.Parse(text).GetBoolean("ex-integrity", "fsverity") == true;
        }
        catch (FormatException)
        {
            return false; // `maybe`: objects written before the file system could seal may be unsealed
        }
    }
}
