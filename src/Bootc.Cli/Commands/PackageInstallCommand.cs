// bootc package install
using System.CommandLine;
using Bootc.Cli.CommandLine;

namespace Bootc.Cli.Commands;

internal static class PackageInstallCommand
{
    public static Command Create()
    {
        var packages = new Argument<string[]>("PACKAGE") { Description = "A name, perhaps with a version (NAME=VERSION, or NAME-VERSION of an RPM), or the path of a package file", Arity = ArgumentArity.OneOrMore };
        var idempotent = new Option<bool>("--idempotent") { Description = "It is no error when a package is wanted already" };
        var inactive = new Option<bool>("--allow-inactive") { Description = "Packages may be named that the image has already" };
        var transient = new Option<bool>("--transient") { Description = "Put the packages onto the running system only, until its next boot" };
        var options = new PackageOptions();
        var command = new DocumentedCommand("install", "Add packages to the host's image", packages, idempotent, inactive, transient)
        {
            Details =
            [
                "The image is taken as it is, the packages and what they need are added by the image's own tools in a sandbox, and the result becomes a deployment of its own that boots next. The current one stays to roll back to.",
                "The wish for the packages is kept: 'bootc upgrade' and 'bootc switch' add them to each new image, and change nothing where that cannot be done.",
                "With --apply-live the running system has the packages at once, where they are added alone: an overlay on /usr shows them until the next boot has them itself.",
                "Where packages come from, and whose signatures count, is what /etc/apt says, or /etc/yum.repos.d where the image is made of RPM packages. Scripts of packages have no network, no devices, and see nothing of the host.",
            ],
            Examples =
            [
                ("bootc package install htop", "Add htop and what it needs; it is there after the next boot."),
                ("bootc package install --dry-run nginx-light", "What would be added, and how large is it?"),
                ("bootc package install --transient strace", "Use strace until the next boot."),
                ("bootc package install ./tool_1.0_amd64.deb", "Add a package that no repository has."),
            ],
        };
        options.AddTo(command);
        options.AddLiveTo(command);
        command.SetAction((parsed, cancellation) => options.RunAsync(
            parsed,
            "package install",
            operation => parsed.GetValue(transient)
                ? operation.InstallTransiently(parsed.GetRequiredValue(packages), cancellation)
                : operation.Install(parsed.GetRequiredValue(packages), cancellation),
            parsed.GetValue(idempotent),
            parsed.GetValue(inactive),
            cancellation));
        return command;
    }
}
