// What users see of an error: one line, with its causes.
using System.CommandLine;
using System.Text;

namespace Bootc.Cli.Presentation;

internal static class ErrorReport
{
    public const int FailureCode = 1;
    public const int UsageCode = 2;
    public const int CancelledCode = 130;

    public static int Usage(ParseResult parsed)
    {
        Console.Error.WriteLine($"error: {parsed.Errors[0].Message}");
        Console.Error.WriteLine($"Run '{NameOf(parsed.CommandResult.Command)} --help' for what there is.");
        return UsageCode;
    }

    public static int Failure(Exception e)
    {
        if (e is OperationCanceledException)
        {
            Console.Error.WriteLine("error: cancelled; nothing that counts was changed");
            return CancelledCode;
        }

        if (e is IOException && e.Message.Contains("Broken pipe", StringComparison.Ordinal))
        {
            return FailureCode;
        }

        Console.Error.WriteLine($"error: {Describe(e)}");
        if (Environment.GetEnvironmentVariable("BOOTC_BACKTRACE") == "1")
        {
            Console.Error.WriteLine(e);
        }

        return FailureCode;
    }

    /// <summary>The messages of an error and its causes, each once.</summary>
    internal static string Describe(Exception e)
    {
        var text = new StringBuilder(e.Message);
        for (Exception? inner = e.InnerException; inner is not null; inner = inner.InnerException)
        {
            if (!text.ToString().Contains(inner.Message, StringComparison.Ordinal))
            {
                text.Append(": ").Append(inner.Message);
            }
        }

        return text.ToString();
    }

    private static string NameOf(Command command)
    {
        string name = command is RootCommand ? "bootc" : command.Name;
        Command? parent = command.Parents.OfType<Command>().FirstOrDefault();
        return parent is null ? name : $"{NameOf(parent)} {name}";
    }
}
