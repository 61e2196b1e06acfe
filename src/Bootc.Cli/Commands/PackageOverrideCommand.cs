// bootc package override
using System.CommandLine;
using Bootc.Cli.CommandLine;

namespace Bootc.Cli.Commands;

internal static class PackageOverrideCommand
{
    public static Command Create() => new DocumentedCommand("override", "Leave out packages of the image, or put others in their place", CreateRemove(), CreateReplace(), CreateReset());

    private static Command CreateRemove()
    {
        var packages = new Argument<string[]>("PACKAGE") { Description = "A package of the image", Arity = ArgumentArity.OneOrMore };
        var options = new PackageOptions();
        var command = new DocumentedCommand("remove", "Leave out packages that the image has", packages)
        {
            Examples = [("bootc package override remove nano", "Do without the image's nano.")],
        };
        options.AddTo(command);
        command.SetAction((parsed, cancellation) => options.RunAsync(
            parsed, "package override remove", operation => operation.OverrideRemove(parsed.GetRequiredValue(packages), cancellation), cancellation: cancellation));
        return command;
    }

    private static Command CreateReplace()
    {
        var files = new Argument<string[]>("FILE") { Description = "The path of a package file", Arity = ArgumentArity.OneOrMore };
        var options = new PackageOptions();
        var command = new DocumentedCommand("replace", "Put other versions of packages in the place of the image's", files)
        {
            Examples = [("bootc package override replace ./curl_8.14.1-3_amd64.deb", "Use this curl, older or newer, instead of the image's.")],
        };
        options.AddTo(command);
        command.SetAction((parsed, cancellation) => options.RunAsync(
            parsed, "package override replace", operation => operation.OverrideReplace(parsed.GetRequiredValue(files), cancellation), cancellation: cancellation));
        return command;
    }

    private static Command CreateReset()
    {
        var packages = new Argument<string[]>("PACKAGE") { Description = "A package that was left out or replaced; all of them where none is named", Arity = ArgumentArity.ZeroOrMore };
        var options = new PackageOptions();
        var all = new Option<bool>("--all") { Description = "All of them, which is so without a name as well" };
        var command = new DocumentedCommand("reset", "Have packages again as the image has them", packages, all);
        options.AddTo(command);
        command.SetAction((parsed, cancellation) => options.RunAsync(
            parsed, "package override reset", operation => operation.OverrideReset(parsed.GetValue(all) ? [] : parsed.GetValue(packages) ?? [], cancellation), cancellation: cancellation));
        return command;
    }
}
