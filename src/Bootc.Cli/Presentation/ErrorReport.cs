// What users see of an error: one line, with its causes.
using System.Text;

namespace Bootc.Cli.Presentation;

internal static class ErrorReport
{
    public const int FailureCode = 1;

    public static void Cancelled() => Console.Error.WriteLine("error: interrupted; what boots next is as it was, and the next run takes up what was fetched");

    /// <summary>A line of a log.</summary>
    public static void Log(string line) => Console.Error.WriteLine(ShownText.Lines(line));

    public static int Failure(Exception e)
    {
        if (StandardOutput.IsReaderGone(e))
        {
            return FailureCode; // as with "head", which has what it wanted
        }

        Console.Error.WriteLine($"error: {Describe(e)}");
        if (Environment.GetEnvironmentVariable("BOOTC_BACKTRACE") == "1")
        {
            Console.Error.WriteLine(ShownText.Lines(e.ToString()));
        }

        return FailureCode;
    }

    /// <summary>The messages of an error and its causes, each once, on one line.</summary>
    internal static string Describe(Exception e)
    {
        var text = new StringBuilder(MessageOf(e));
        for (Exception? inner = e.InnerException; inner is not null; inner = inner.InnerException)
        {
            string message = MessageOf(inner);
            if (!text.ToString().Contains(message, StringComparison.Ordinal))
            {
                text.Append(": ").Append(message);
            }
        }

        return ShownText.Line(text.ToString());
    }

    private static string MessageOf(Exception e) => e switch
    {
        FileNotFoundException { FileName: { } name } => $"'{name}' is not there",
        UnauthorizedAccessException { InnerException: { } cause } => $"{e.Message.TrimEnd('.')}: {cause.Message}",
        _ => e.Message.TrimEnd('.'),
    };
}
