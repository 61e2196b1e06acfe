// The entry of the executable: parse, run, and say what went wrong in one line.
using System.CommandLine;
using Bootc.Cli;
using Bootc.Cli.Presentation;

RootCommand root = BootcCommand.Create();
ParseResult parsed = root.Parse(args);
if (parsed.Errors.Count > 0)
{
    return ErrorReport.Usage(parsed);
}

try
{
    return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(10) });
}
catch (Exception e)
{
    return ErrorReport.Failure(e);
}
