// Results on a terminal: what servers, archives, documents and file names say is among them.
using System.Text;

namespace Bootc.Cli.Presentation;

/// <summary>Takes out what would do something to the terminal, as in messages. Who reads from a pipe or a file gets what is there.</summary>
internal sealed class TerminalOutput(TextWriter terminal) : TextWriter
{
    public override Encoding Encoding => terminal.Encoding;

    /// <summary>Puts it in front of standard output, where that is a terminal.</summary>
    public static void Guard()
    {
        if (!Console.IsOutputRedirected)
        {
            Console.SetOut(new TerminalOutput(Console.Out));
        }
    }

    public override void Write(char value) => Write(new ReadOnlySpan<char>(in value));

    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    public override void Write(string? value) => Write(value.AsSpan());

    public override void Write(ReadOnlySpan<char> buffer) => terminal.Write(ShownText.All(buffer));

    public override void Flush() => terminal.Flush();
}
