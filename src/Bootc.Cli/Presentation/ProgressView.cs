// Chooses how progress is shown: bars on a terminal, lines elsewhere, JSON for programs, or nothing.
using Bootc.Deployments;
using Spectre.Console;

namespace Bootc.Cli.Presentation;

internal sealed class ProgressView(bool quiet, int? descriptor, ProgressWords words)
{
    /// <summary>Runs an operation and shows its progress; what it has to say is printed after it.</summary>
    public async Task<T> RunAsync<T>(Func<IOperationProgress, Task<T>> operation)
    {
        using JsonLinesProgress? json = descriptor is { } fd ? new JsonLinesProgress(fd, words) : null;
        T result = await RunAsync(operation, json);
        json?.Finish();
        return result;
    }

    private async Task<T> RunAsync<T>(Func<IOperationProgress, Task<T>> operation, JsonLinesProgress? json)
    {
        if (quiet)
        {
            return await operation(new ProgressFanOut(json, new QuietProgress()));
        }

        if (Console.IsErrorRedirected || Environment.GetEnvironmentVariable("TERM") is null or "dumb")
        {
            return await operation(new ProgressFanOut(json, new PlainProgress(words)));
        }

        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        var terminal = new TerminalProgress(words);
        try
        {
            return await console.Progress()
                .AutoClear(false)
                .HideCompleted(false)
                .Columns(new SpinnerColumn(), new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new DownloadedColumn(), new TransferSpeedColumn())
                .StartAsync(context =>
                {
                    terminal.Attach(context);
                    return operation(new ProgressFanOut(json, terminal));
                });
        }
        finally
        {
            terminal.PrintMessages();
        }
    }
}
