// What all ways to install have in common.
using Bootc.Deployments.Boot;
using Bootc.Oci;

namespace Bootc.Install;

/// <summary>What is to be installed, and how.</summary>
public sealed record InstallOptions
{
    /// <summary>The image to install.</summary>
    public required OstreeImageReference Source { get; init; }

    /// <summary>The image that updates come from; that which is installed unless another one is given.</summary>
    public OstreeImageReference? Target { get; init; }

    /// <summary>The stateroot; what the image asks for, or <c>default</c>, unless one is given.</summary>
    public string? Stateroot { get; init; }

    /// <summary>The boot loader; what the image has unless one is asked for.</summary>
    public BootLoaderKind? BootLoader { get; init; }

    /// <summary>Kernel arguments to add, whatever is deleted.</summary>
    public IReadOnlyList<string> KernelArguments { get; init; } = [];

    /// <summary>Kernel arguments not to have, of those that the settings and the image ask for: whole words, or keys for all words with that key.</summary>
    public IReadOnlyList<string> KernelArgumentsToDelete { get; init; } = [];

    /// <summary>Whether the system is to run without SELinux, whatever the image has.</summary>
    public bool DisableSELinux { get; init; }

    /// <summary>How the root is named on the kernel command line; empty for not at all.</summary>
    public string? RootMountSpec { get; init; }

    /// <summary>How a /boot of its own is named; empty for not at all.</summary>
    public string? BootMountSpec { get; init; }

    /// <summary>Whether it is an error when the image that updates come from cannot be had with the credentials that the installed image has.</summary>
    public bool ChecksUpdates { get; init; }

    /// <summary>The content of an authorized_keys file for root.</summary>
    public string? RootSshAuthorizedKeys { get; init; }

    /// <summary>Whether images that the image binds are fetched onto the disk.</summary>
    public bool FetchesBoundImages { get; init; } = true;

    /// <summary>Where settings and credentials for registries are.</summary>
    public OciOptions Oci { get; init; } = new();
}
