// Which images failed their checks when they were booted, so that they are not deployed over and over.
using System.Text;
using Bootc.Linux;
using Bootc.Oci.Model;
using Bootc.Ostree;

namespace Bootc.Deployments.Health;

/// <summary>The record <c>ostree/bootc/failed-boots</c> of a sysroot: a key file with a group for each manifest digest.</summary>
public sealed class FailedBoots
{
    private const string Folder = "ostree/bootc";
    private const string Name = "failed-boots";

    private readonly DirectoryHandle _sysroot;
    private readonly KeyFile _file;

    private FailedBoots(DirectoryHandle sysroot, KeyFile file)
    {
        _sysroot = sysroot;
        _file = file;
    }

    /// <summary>The digests in the record.</summary>
    public IEnumerable<string> Digests => _file.Groups;

    /// <summary>Reads the record.</summary>
    /// <exception cref="DeploymentException">It is malformed.</exception>
    public static FailedBoots Load(Sysroot sysroot)
    {
        try
        {
            return new FailedBoots(sysroot.Root, KeyFile.Parse(sysroot.Root.TryReadAllText($"{Folder}/{Name}") ?? ""));
        }
        catch (FormatException e)
        {
            throw new DeploymentException($"{sysroot.Path}/{Folder}/{Name} is malformed: {e.Message}", e);
        }
    }

    /// <summary>Why an image failed; <see langword="null"/> when it did not.</summary>
    public string? FindReason(Digest digest) => _file.GetString(digest.ToString(), "reason");

    /// <summary>As <see cref="FindReason(Digest)"/>.</summary>
    public string? FindReason(string digest) => _file.GetString(digest, "reason");

    /// <summary>Adds an image.</summary>
    public void Add(Digest digest, string image, string reason)
    {
        _file.SetString(digest.ToString(), "image", image).SetString(digest.ToString(), "reason", reason);
        Save();
    }

    /// <summary>Removes an image, if it is there.</summary>
    public void Remove(Digest digest)
    {
        if (_file.RemoveGroup(digest.ToString()))
        {
            Save();
        }
    }

    private void Save()
    {
        using DirectoryHandle folder = _sysroot.EnsureDirectory(Folder);
        folder.WriteAllBytesAtomically(Name, Encoding.UTF8.GetBytes(_file.ToString()));
    }
}
