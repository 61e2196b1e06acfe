// bootc package uninstall
using System.CommandLine;
using Bootc.Cli.CommandLine;

namespace Bootc.Cli.Commands;

internal static class PackageUninstallCommand
{
    public static Command Create()
    {
        var packages = new Argument<string[]>("PACKAGE") { Description = "Its name, or the one under which it was added", Arity = ArgumentArity.ZeroOrMore };
        var all = new Option<bool>("--all") { Description = "Take away all that were added" };
        var idempotent = new Option<bool>("--idempotent") { Description = "It is no error when a package was not added" };
        var options = new PackageOptions();
        var command = new DocumentedCommand("uninstall", "Take away packages that were added to the host's image", packages, all, idempotent)
        {
            Details = ["Packages of the image itself stay; 'bootc package override remove' leaves them out."],
            Examples = [("bootc package uninstall htop", "Follow the image without htop again.")],
        };
        options.AddTo(command);
        options.AddLiveTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(all) == (result.GetValue(packages) ?? []).Length > 0)
            {
                result.AddError("name the packages, or --all of them");
            }
        });
        command.SetAction((parsed, cancellation) => options.RunAsync(
            parsed, "package uninstall", operation => parsed.GetValue(all) ? operation.UninstallAll(cancellation) : operation.Uninstall(parsed.GetRequiredValue(packages), cancellation), parsed.GetValue(idempotent), cancellation: cancellation));
        return command;
    }
}
