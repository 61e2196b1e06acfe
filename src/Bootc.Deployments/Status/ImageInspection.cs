// What an image's tree says of itself, before it is deployed.
using System.Text.Encodings.Web;
using System.Text.Json;
using Bootc.Deployments.Boot;
using Bootc.Linux;

namespace Bootc.Deployments.Status;

/// <summary>What an image boots with; the document of <c>bootc container inspect</c>.</summary>
/// <param name="Kargs">The kernel arguments that the image asks for on this architecture.</param>
/// <param name="Kernel">Its kernel; <see langword="null"/> where it has none.</param>
public sealed record ImageInspection(IReadOnlyList<string> Kargs, InspectedKernel? Kernel)
{
    private const string UnifiedKernels = "boot/EFI/Linux";
    private const string UnifiedSuffix = ".efi";

    // Versions of kernels have plus signs, and scripts look for them as they are.
    private static readonly HostJson Json = new(new JsonSerializerOptions { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    /// <summary>Reads the tree of an image.</summary>
    /// <exception cref="DeploymentException">A file of kernel arguments is malformed, or there are several kernels.</exception>
    /// <exception cref="LinuxException">Something cannot be read.</exception>
    public static ImageInspection Read(DirectoryHandle root) => new(ImageKernelArguments.Read(root), FindKernel(root));

    /// <summary>The document as JSON.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, Json.ImageInspection);

    // A unified kernel counts before another: it is what the firmware starts.
    private static InspectedKernel? FindKernel(DirectoryHandle root)
    {
        using DirectoryHandle? unified = root.TryOpenDirectory(UnifiedKernels);
        string? file = (unified?.List() ?? []).Select(entry => entry.Name).Where(name => name.EndsWith(UnifiedSuffix, StringComparison.Ordinal)).Order(StringComparer.Ordinal).FirstOrDefault();
        if (file is not null)
        {
            return new InspectedKernel(file[..^UnifiedSuffix.Length], Unified: true);
        }

        return KernelLayout.FindVersions(root) switch
        {
            [] => null,
            [var version] => new InspectedKernel(version, Unified: false),
            var several => throw new DeploymentException($"there are several kernels in the image: {string.Join(", ", several)}"),
        };
    }
}
