// bootc package
using System.CommandLine;
using Bootc.Cli.CommandLine;

namespace Bootc.Cli.Commands;

internal static class PackageCommand
{
    public static Command Create() => new DocumentedCommand(
        "package",
        "Add packages to the image that the host follows, and take them away again",
        PackageInstallCommand.Create(),
        PackageUninstallCommand.Create(),
        PackageOverrideCommand.Create(),
        PackageListCommand.Create(),
        PackageSearchCommand.Create(),
        PackageDiffCommand.Create(),
        PackageRefreshCommand.Create(),
        PackageApplyLiveCommand.Create(),
        PackageResetCommand.Create(),
        PackageExportCommand.Create());
}
