// What a host wants of its initramfs, as its origin says it.
using Bootc.Ostree;

namespace Bootc.Deployments;

/// <summary>
/// How the initramfs is to differ from the image's, in the keys that rpm-ostree has for it: <c>regenerate-initramfs</c>,
/// <c>initramfs-args</c> and <c>initramfs-etc</c> of <c>[rpmostree]</c>.
/// </summary>
public sealed record InitramfsWish
{
    private const string Group = "rpmostree";
    private const string RegenerateKey = "regenerate-initramfs";
    private const string ArgumentsKey = "initramfs-args";
    private const string FilesKey = "initramfs-etc";

    /// <summary>Whether it is made on the host.</summary>
    public bool Regenerate { get; init; }

    /// <summary>Further arguments of the program that makes it (dracut).</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Files and directories of the host's <c>/etc</c> that it has besides, by their absolute paths.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];

    /// <summary>Whether the image's own is wanted.</summary>
    public bool IsEmpty => !Regenerate && Files.Count == 0;

    /// <summary>Reads the wish from an origin's key file.</summary>
    /// <exception cref="DeploymentException">A key is malformed.</exception>
    public static InitramfsWish Read(KeyFile origin)
    {
        try
        {
            return new InitramfsWish
            {
                Regenerate = origin.GetBoolean(Group, RegenerateKey) ?? false,
                Arguments = origin.ReadList(Group, ArgumentsKey),
                Files = origin.ReadList(Group, FilesKey),
            };
        }
        catch (FormatException e)
        {
            throw new DeploymentException($"the origin is malformed: {e.Message}", e);
        }
    }

    /// <summary>Writes the wish to an origin's key file.</summary>
    public void Write(KeyFile origin)
    {
        if (Regenerate)
        {
            origin.SetBoolean(Group, RegenerateKey, true);
        }
        else
        {
            origin.Remove(Group, RegenerateKey);
        }

        origin.WriteList(Group, ArgumentsKey, Regenerate ? Arguments : []);
        origin.WriteList(Group, FilesKey, Files);
    }
}
