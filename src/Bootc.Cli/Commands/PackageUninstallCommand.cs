// bootc package uninstall
using System.CommandLine;
using Bootc.Cli.CommandLine;

namespace Bootc.Cli.Commands;

internal static class PackageUninstallCommand
{
    public static Command Create()
    {
        var packages = new Argument<string[]>("PACKAGE") { Description = "The name under which it was added", Arity = ArgumentArity.OneOrMore };
        var idempotent = new Option<bool>("--idempotent") { Description = "It is no error when a package was not added" };
        var options = new PackageOptions();
        var command = new DocumentedCommand("uninstall", "Take away packages that were added to the host's image", packages, idempotent)
        {
            Details = ["Packages of the image itself stay; 'bootc package override remove' leaves them out."],
            Examples = [("bootc package uninstall htop", "Follow the image without htop again.")],
        };
        options.AddTo(command);
        options.AddLiveTo(command);
        command.SetAction((parsed, cancellation) => options.RunAsync(
            parsed, "package uninstall", operation => operation.Uninstall(parsed.GetRequiredValue(packages), cancellation), parsed.GetValue(idempotent), cancellation: cancellation));
        return command;
    }
}
