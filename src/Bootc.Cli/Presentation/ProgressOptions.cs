// How an operation's progress is shown: options that several commands share.
using System.CommandLine;
using Bootc.Cli.CommandLine;

namespace Bootc.Cli.Presentation;

/// <summary>The options <c>--quiet</c> and <c>--progress-fd</c>.</summary>
internal sealed class ProgressOptions
{
    private readonly Option<bool> _quiet = new("--quiet", "-q") { Description = "Show no progress, only errors" };
    private readonly Option<int?> _descriptor = new Option<int?>("--progress-fd") { Description = "Write progress as JSON lines to the open file descriptor FD", HelpName = "FD" }.Number();

    public void AddTo(Command command)
    {
        command.Add(_quiet);
        command.Add(_descriptor);
    }

    public ProgressView CreateView(ParseResult parsed, ProgressWords? words = null) =>
        new(parsed.GetValue(_quiet), parsed.GetValue(_descriptor), words ?? ProgressWords.Pull);
}
