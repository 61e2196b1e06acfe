// The entry of the executable: parse, run, and say what went wrong in one line.
using System.CommandLine;
using System.CommandLine.Invocation;
using Bootc.Cli;
using Bootc.Cli.CommandLine;
using Bootc.Cli.Presentation;

TerminalOutput.Guard();
Command root = BootcCommand.CreateFor(args);
if (args.Length == 0)
{
    ShowHelp.Write(root, Console.Error, Console.IsErrorRedirected ? 80 : Console.WindowWidth);
    return UsageError.ExitCode;
}

bool isCompletion = CompletionRequest.Is(args);
ParseResult parsed = root.Parse(isCompletion ? CompletionRequest.Normalize(args) : args);
if (!isCompletion && !UsageError.Report(parsed))
{
    return UsageError.ExitCode;
}

// Only what works in the background can be given up; all else ends by the signal itself.
using Termination? termination = parsed.Action is AsynchronousCommandLineAction ? new Termination() : null;
try
{
    var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
    return await parsed.InvokeAsync(configuration, termination?.Token ?? CancellationToken.None);
}
catch (OperationCanceledException) when (termination?.Token.IsCancellationRequested ?? false)
{
    ErrorReport.Cancelled();
    return termination.ExitCode;
}
catch (Exception e)
{
    return ErrorReport.Failure(e);
}
