// The options that all ways to install share.
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Deployments.Boot;
using Bootc.Install;
using Bootc.Oci;

namespace Bootc.Cli.Commands;

/// <summary>What image is installed, with which settings.</summary>
internal sealed class InstallOptionSet
{
    private readonly Option<string?> _source = new("--source-imgref") { Description = "The image to install, such as docker://registry.example.com/os:stable or oci:/path; in a privileged container of podman it is that container's image unless another one is named", HelpName = "IMAGE" };
    private readonly Option<string?> _target = new("--target-imgref") { Description = "The image that updates come from, if it is another one", HelpName = "IMAGE" };
    private readonly Option<string?> _transport = TransportOption.Create("--target-transport", "the image for updates");

    private readonly Option<bool> _enforce = new("--enforce-container-sigpolicy") { Description = "Refuse updates unless the containers policy asks for a signature and finds it good" };
    private readonly Option<bool> _ignored = new("--target-no-signature-verification") { Hidden = true }; // bootc has it for old scripts, and ignores it
    private readonly Option<bool> _check = new("--run-fetch-check") { Description = "Fail unless the image that updates come from can be fetched with the credentials that the installed image has" };
    private readonly Option<bool> _skipCheck = new("--skip-fetch-check") { Description = "Do not look for the image for updates", Hidden = true }; // which is so by itself
    private readonly Option<string?> _stateroot = new("--stateroot") { Description = "The name of the stateroot, which holds /var", HelpName = "NAME" };
    private readonly Option<string?> _bootLoader = new Option<string?>("--bootloader") { Description = "The boot loader: grub, systemd or none; what the image has unless it is given", HelpName = "NAME" }.OneOf("grub", "systemd", "none");
    private readonly Option<string[]> _arguments = new("--karg") { Description = "Add a kernel argument", HelpName = "ARG" };
    private readonly Option<string[]> _deleted = new("--karg-delete") { Description = "Do not have a kernel argument", HelpName = "ARG" };
    private readonly Option<string?> _keys = new("--root-ssh-authorized-keys") { Description = "Let those with a key in FILE log in as root over SSH", HelpName = "FILE" };
    private readonly Option<bool> _noSelinux = new("--disable-selinux") { Description = "Install without SELinux: no labels besides those of the image, and the kernel argument selinux=0" };
    private readonly Option<bool> _generic = new("--generic-image") { Description = "Make a disk that boots on any machine; every disk that is made here does" };

    private readonly Option<string?> _bound = new Option<string?>("--bound-images") { Description = "The images that the image binds: pull them onto the disk (the default), or skip them", DefaultValueFactory = _ => "pull", HelpName = "HOW" }.OneOf("pull", "skip");

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_source, _target, _transport, _enforce, _ignored, _check, _skipCheck, _bound, _stateroot, _bootLoader, _arguments, _deleted, _keys, _noSelinux, _generic])
        {
            command.Add(option);
        }

        RefusedInstallOptions.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(_check) && result.GetValue(_skipCheck))
            {
                result.AddError("--run-fetch-check and --skip-fetch-check exclude each other");
            }
        });
    }

    /// <summary>What the command line says.</summary>
    /// <exception cref="FormatException">A reference is malformed.</exception>
    /// <exception cref="OciException">No registry that a name without host may be in has it.</exception>
    public async Task<InstallOptions> ReadAsync(ParseResult parsed, CancellationToken cancellation)
    {
        RunningContainer? container = parsed.GetValue(_source) is null ? RunningContainer.TryRead() : null;
        ImageReference image = container?.Source ?? await ResolveAsync(ImageName.Read(parsed.GetValue(_source) ?? throw NoSource()), cancellation);
        ImageReference followed = parsed.GetValue(_target) is { } target ? await ResolveAsync(ImageName.Read(target, parsed.GetValue(_transport)), cancellation) : container?.InRegistry ?? image;
        return new InstallOptions
        {
            Source = OstreeImageReference.Unverified(image),
            Target = new OstreeImageReference(Verification(parsed), null, followed),
            Stateroot = parsed.GetValue(_stateroot),
            BootLoader = parsed.GetValue(_bootLoader) switch { "grub" => BootLoaderKind.Grub, "systemd" => BootLoaderKind.SystemdBoot, "none" => BootLoaderKind.None, _ => null },
            KernelArguments = parsed.GetValue(_arguments) ?? [],
            DisableSELinux = parsed.GetValue(_noSelinux),
            KernelArgumentsToDelete = parsed.GetValue(_deleted) ?? [],
            FetchesBoundImages = parsed.GetValue(_bound) == "pull",
            ChecksUpdates = parsed.GetValue(_check),
            RootSshAuthorizedKeys = parsed.GetValue(_keys) is { } file ? ReadKeys(file) : null,
        };
    }

    private static InstallException NoSource() => new(
        "which image to install is not said: give --source-imgref IMAGE" + (RunningContainer.IsOne ? ", or run this container with --privileged, and its own image is installed" : ""));

    private static string ReadKeys(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new InstallException($"--root-ssh-authorized-keys {file} cannot be read: {(Directory.Exists(file) ? "it is a directory" : !File.Exists(file) ? "it is not there" : e.Message)}", e);
        }
    }

    private static Task<ImageReference> ResolveAsync(ImageReference image, CancellationToken cancellation) =>
        ImageName.ResolveAsync(image, new OciOptions(), ErrorReport.Log, cancellation);

    private SignatureVerification Verification(ParseResult parsed) =>
        parsed.GetValue(_enforce) ? SignatureVerification.ContainerPolicy : SignatureVerification.ContainerPolicyAllowInsecure;
}
