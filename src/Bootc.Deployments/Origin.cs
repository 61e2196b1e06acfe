// Where a deployment comes from: its `.origin` file.
using Bootc.Oci;
using Bootc.Ostree;

namespace Bootc.Deployments;

/// <summary>The origin of a deployment: a key file in which groups and keys of other tools are kept as they are.</summary>
public sealed class Origin
{
    private const string Group = "origin";
    private const string ImageKey = "container-image-reference";
    private const string Transient = "libostree-transient";
    private static readonly (string Group, string Key) Bound = ("bootc", "bound-images");

    /// <summary>The origin that a key file describes.</summary>
    public Origin(KeyFile? file = null) => File = file ?? new KeyFile();

    /// <summary>All that the origin says.</summary>
    public KeyFile File { get; }

    /// <summary>The image that the deployment follows, or <see langword="null"/> for one that follows none, or whose reference is malformed.</summary>
    public OstreeImageReference? Image
    {
        get
        {
            try
            {
                return File.GetString(Group, ImageKey) is { } reference ? OstreeImageReference.Parse(reference) : null;
            }
            catch (FormatException)
            {
                return null;
            }
        }
    }

    /// <summary>The ref of an ostree remote that the deployment follows, if any.</summary>
    public string? Refspec => File.GetString(Group, "refspec");

    /// <summary>What the host wants besides its image.</summary>
    public PackageWish Packages => PackageWish.Read(File);

    /// <summary>How the host wants its initramfs to differ from the image's.</summary>
    public InitramfsWish Initramfs => InitramfsWish.Read(File);

    /// <summary>Images that the host binds besides those that its own image binds: they are there before it boots.</summary>
    public IReadOnlyList<string> BoundImages
    {
        get => File.ReadList(Bound.Group, Bound.Key);
        set => File.WriteList(Bound.Group, Bound.Key, value);
    }

    /// <summary>Whether what is deployed is the image as it is.</summary>
    public bool IsImageAlone => Packages.IsEmpty && Initramfs.IsEmpty;

    /// <summary>Whether the deployment stays until it is unpinned.</summary>
    public bool IsPinned
    {
        get => File.GetBoolean(Transient, "pinned") ?? false;
        set
        {
            if (value)
            {
                File.SetBoolean(Transient, "pinned", true);
            }
            else
            {
                File.Remove(Transient, "pinned");
            }
        }
    }

    /// <summary>Whether the deployment booted once and passed its checks.</summary>
    public bool IsGood => File.GetBoolean(Transient, "bootc-good") ?? false;

    /// <summary>Says that the deployment booted and passed its checks.</summary>
    public void MarkGood() => File.SetBoolean(Transient, "bootc-good", true);

    /// <summary>An origin that follows an image.</summary>
    public static Origin ForImage(OstreeImageReference image) => new(new KeyFile().SetString(Group, ImageKey, image.ToString()));

    /// <summary>This origin, following another image; what else it says is kept, except what belongs to one deployment only.</summary>
    public Origin WithImage(OstreeImageReference image)
    {
        KeyFile file = File.Clone();
        file.RemoveGroup(Transient);
        file.Remove(Group, "refspec");
        return new Origin(file.SetString(Group, ImageKey, image.ToString()));
    }

    /// <summary>This origin for a new deployment, without what belongs to one deployment only.</summary>
    public Origin ForNewDeployment()
    {
        KeyFile file = File.Clone();
        file.RemoveGroup(Transient);
        return new Origin(file);
    }

    /// <summary>This origin for a new deployment, with other packages besides its image.</summary>
    public Origin WithPackages(PackageWish packages)
    {
        Origin origin = ForNewDeployment();
        packages.Write(origin.File);
        return origin;
    }

    /// <summary>This origin for a new deployment, with another initramfs.</summary>
    public Origin WithInitramfs(InitramfsWish initramfs)
    {
        Origin origin = ForNewDeployment();
        initramfs.Write(origin.File);
        return origin;
    }

    /// <summary>This origin for a new deployment, with all that another one wants besides its image.</summary>
    public Origin WithWishOf(Origin other)
    {
        Origin origin = WithPackages(other.Packages).WithInitramfs(other.Initramfs);
        origin.BoundImages = other.BoundImages;
        return origin;
    }
}
