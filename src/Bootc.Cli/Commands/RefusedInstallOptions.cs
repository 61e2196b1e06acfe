// Options of bootc's 'install' that this program does not have, and what to do instead.
using System.CommandLine;

namespace Bootc.Cli.Commands;

/// <summary>Options that are known so that whoever is used to them is told why they are not there.</summary>
internal static class RefusedInstallOptions
{
    private const string OneBackEnd = "there is one back end: deployments are those of libostree, and their roots are composefs images already";

    private static readonly (string Name, string Reason)[] Flags =
    [
        ("--composefs-backend", OneBackEnd),
        ("--allow-missing-verity", "files are sealed with fs-verity where the file system can, and prepare-root.conf says what a boot demands"),
        ("--experimental-unified-storage", "the images of the host are in one store already, apart from those of containers"),
        ("--bootupd-skip-boot-uuid", "the boot loader is installed without bootupd, and finds /boot by its UUID"),
    ];

    /// <summary>Adds the options to a command.</summary>
    public static void AddTo(Command command)
    {
        foreach ((string name, string reason) in Flags)
        {
            Add(command, new Option<bool>(name), reason);
        }

        Add(command, new Option<string[]>("--uki-addon"), "images boot by their kernel and initramfs, not by unified kernel images");
    }

    /// <summary>Adds an option that is refused.</summary>
    public static void Add(Command command, Option option, string reason)
    {
        option.Hidden = true;
        option.Validators.Add(result =>
        {
            if (!result.Implicit)
            {
                result.AddError($"{option.Name} is not offered: {reason}");
            }
        });
        command.Add(option);
    }
}
