// What an image must have to be booted at all.
using Bootc.Ostree;

namespace Bootc.Deployments.Boot;

internal static class BootableImage
{
    /// <summary>Makes sure that an image can be booted.</summary>
    /// <param name="repository">Has the image.</param>
    /// <param name="image">The image's tree.</param>
    /// <param name="name">The image's name.</param>
    /// <exception cref="DeploymentException">It lacks something.</exception>
    public static void Require(Repository repository, CommitTree image, string name)
    {
        if (FindFault(repository, image) is { } fault)
        {
            throw new DeploymentException($"{name} is not bootable: it has no {fault}");
        }
    }

    // As the end of a sentence.
    private static string? FindFault(Repository repository, CommitTree image)
    {
        bool hasKernel = image.TryGetDirectory("usr/lib/modules")?.Directories
            .Any(version => repository.LoadDirTree(version.Tree).Files.Any(file => file.Name == "vmlinuz")) ?? false;
        bool hasName = HasFile(image, "usr/lib") || HasFile(image, "usr/etc");
        return (hasKernel, hasName) switch
        {
            (false, _) => "kernel at /usr/lib/modules/VERSION/vmlinuz",
            (_, false) => "/usr/lib/os-release to name it in the boot menu",
            _ => null,
        };

        static bool HasFile(CommitTree root, string directory) => root.TryGetDirectory(directory)?.Files.Any(file => file.Name == "os-release") ?? false;
    }
}
