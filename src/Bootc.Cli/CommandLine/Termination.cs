// Ctrl-C and SIGTERM: work is given up in order, and the exit code says which of them it was.
using System.Runtime.InteropServices;

namespace Bootc.Cli.CommandLine;

/// <summary>Cancels on the first signal; a second one ends the process at once. What was begun is taken up by the next run.</summary>
internal sealed class Termination : IDisposable
{
    private const int SignalExitBase = 128;
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;

    public Termination() => _registrations =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Cancel(context, number: 2)),
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Cancel(context, number: 15)),
        PosixSignalRegistration.Create(PosixSignal.SIGHUP, context =>
        {
            if (Hangup is { } reload)
            {
                context.Cancel = true;
                reload();
            }
            else
            {
                Cancel(context, number: 1);
            }
        }),
    ];

    /// <summary>What a service does on SIGHUP instead of giving up: read its settings anew.</summary>
    public static Action? Hangup { get; set; }

    public CancellationToken Token => _source.Token;

    /// <summary>The exit code of a process that gives up: 128 and the signal.</summary>
    public int ExitCode { get; private set; } = SignalExitBase + 2;

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
        {
            registration.Dispose();
        }

        _source.Dispose();
    }

    private void Cancel(PosixSignalContext context, int number)
    {
        if (_source.IsCancellationRequested)
        {
            Environment.Exit(ExitCode);
        }

        context.Cancel = true;
        ExitCode = SignalExitBase + number;
        _source.Cancel();
    }
}
