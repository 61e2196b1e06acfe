// bootc container lint
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Deployments.Lint;
using Bootc.Linux;

namespace Bootc.Cli.Commands;

internal static class ContainerLintCommand
{
    public static Command Create()
    {
        Option<string> rootfs = ContainerCommand.CreateRootOption();
        var fatalWarnings = new Option<bool>("--fatal-warnings") { Description = "Fail on warnings as well" };
        var list = new Option<bool>("--list") { Description = "Only list the checks, as YAML for people to read" };
        var skip = new Option<string[]>("--skip") { Description = "Do without a check; may be given several times", HelpName = "NAME" };
        skip.CompletionSources.Add(_ => ImageLints.All.Select(lint => new System.CommandLine.Completions.CompletionItem(lint.Name)));
        var noTruncate = new Option<bool>("--no-truncate") { Description = "Show all that was found, not only the first five of each check" };
        var command = new DocumentedCommand("lint", "Check an image for what would fail on hosts, or surprise", rootfs, fatalWarnings, list, skip, noTruncate)
        {
            UsesSysroot = false,
            Details =
            [
                "It is meant for the last line of a Containerfile: the build fails when a check does. The names of checks and what counts as a failure are those of bootc.",
                "The exit code is 0 when the image is good, perhaps with warnings, and 1 otherwise.",
            ],
            Examples =
            [
                ("RUN bootc container lint", "Check the image that a Containerfile builds."),
                ("bootc container lint --rootfs \"$(podman image mount localhost/os)\" --fatal-warnings", "Check an image that was built."),
                ("bootc container lint --skip nonempty-run-tmp", "Do without one of the checks."),
            ],
        };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(list))
            {
                LintList.Write(Console.Out);
                return 0;
            }

            string path = parsed.GetRequiredValue(rootfs);
            string[] skipped = parsed.GetValue(skip) ?? [];
            foreach (string unknown in skipped.Where(name => ImageLints.All.All(lint => lint.Name != name)))
            {
                Console.Error.WriteLine($"there is no check '{unknown}' that could be skipped");
            }

            using DirectoryHandle root = DirectoryHandle.Open(path);
            LintReport report = ImageLints.Run(root, isRunning: path == "/", skipped);
            return LintLines.Write(report, parsed.GetValue(fatalWarnings), parsed.GetValue(noTruncate) ? int.MaxValue : LintLines.ShownItems, Console.Out, Console.Error) ? 0 : ErrorReport.FailureCode;
        });
        return command;
    }
}
