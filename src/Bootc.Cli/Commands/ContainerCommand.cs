// bootc container
using System.CommandLine;
using Bootc.Cli.CommandLine;

namespace Bootc.Cli.Commands;

internal static class ContainerCommand
{
    public static Command Create() => new DocumentedCommand(
        "container",
        "Look after an image while it is built",
        ContainerLintCommand.Create(),
        ContainerInspectCommand.Create())
    {
        UsesSysroot = false,
    };

    /// <summary>The root that these commands look at.</summary>
    internal static Option<string> CreateRootOption() => new("--rootfs") { Description = "The root of the image, where it is not the container that is being built", HelpName = "DIR", DefaultValueFactory = _ => "/" };
}
