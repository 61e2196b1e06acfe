// Checks of what boots: the kernel, its arguments, and what the initramfs makes the root of.
using Bootc.Deployments.Boot;
using Bootc.Linux;
using Bootc.Ostree;

namespace Bootc.Deployments.Lint;

/// <summary>What an image boots with.</summary>
internal static class KernelLints
{
    private const string PrepareRoot = "ostree/prepare-root.conf";

    public static IReadOnlyList<ImageLint> All { get; } =
    [
        new("baseimage-composefs", LintSeverity.Warning, LintRoot.Any, "The root should be a composefs image, which ostree/prepare-root.conf of /etc or /usr/lib says to the initramfs (https://ostreedev.github.io/ostree/composefs/).", CheckComposefs),
        new("bootc-kargs", LintSeverity.Fatal, LintRoot.Any, "The files of /usr/lib/bootc/kargs.d must be well-formed.", CheckArguments),
        new("kernel", LintSeverity.Fatal, LintRoot.Any, "There must not be several kernels, that is, several directories of /usr/lib/modules with a file vmlinuz: an image boots only one.", CheckKernel),
    ];

    private static IEnumerable<LintFinding> CheckArguments(DirectoryHandle root)
    {
        ImageKernelArguments.Read(root);
        return [];
    }

    private static IEnumerable<LintFinding> CheckKernel(DirectoryHandle root)
    {
        IReadOnlyList<string> versions = KernelLayout.FindVersions(root);
        return versions.Count > 1 ? [new LintFinding("there are several kernels in /usr/lib/modules", versions)] : [];
    }

    private static IEnumerable<LintFinding> CheckComposefs(DirectoryHandle root)
    {
        using DirectoryHandle? example = root.TryOpenDirectory(LayoutLints.BaseImage);
        return [.. CheckComposefs(root, ""), .. example is null ? [] : CheckComposefs(example, $"/{LayoutLints.BaseImage}")];
    }

    private static IEnumerable<LintFinding> CheckComposefs(DirectoryHandle root, string path)
    {
        foreach (string directory in (string[])["etc", "usr/lib"])
        {
            string file = $"{directory}/{PrepareRoot}";
            if (root.TryReadAllText(file) is { } text)
            {
                return IsComposefsEnabled(KeyFile.Parse(text)) ? [] : [new LintFinding($"{path}/{file} does not enable composefs")];
            }
        }

        return [new LintFinding($"there is no {path}/usr/lib/{PrepareRoot}, so composefs is not enabled")];
    }

    // A root that forgets all changes is one that hides the image just as well.
    private static bool IsComposefsEnabled(KeyFile settings) =>
        settings.GetBoolean("root", "transient") is true || settings.GetString("composefs", "enabled")?.Trim() is "yes" or "true" or "1" or "maybe" or "verity" or "signed";
}
