// Options that commands for packages share.
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Cli.Presentation;
using Bootc.Deployments;
using Bootc.Layering;
using Bootc.Oci;

namespace Bootc.Cli.Commands;

/// <summary>The options <c>--dry-run</c>, <c>--cache-only</c> and <c>--apply</c>, and how an operation with them is run.</summary>
internal sealed class PackageOptions
{
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Show what would be done, and change nothing" };
    private readonly Option<bool> _cacheOnly = new("--cache-only") { Description = "Use only packages that were fetched before, without the network" };
    private readonly Option<bool> _apply = new("--apply") { Description = "Reboot into the change when it is ready" };
    private readonly ProgressOptions _progress = new();

    public void AddTo(Command command)
    {
        command.Add(_dryRun);
        command.Add(_cacheOnly);
        command.Add(_apply);
        _progress.AddTo(command);
        command.Exclude(_dryRun, _apply);
    }

    public async Task<int> RunAsync(
        ParseResult parsed, string command, Func<PackageOperation, OperationOutcome> run, bool idempotent = false, bool allowInactive = false, CancellationToken cancellation = default)
    {
        using Sysroot sysroot = OpenSysroot.ForWriting(parsed, command);
        bool apply = parsed.GetValue(_apply);
        Reboot.Check(sysroot, apply);
        PackageTransaction? transaction = null;
        OperationOutcome outcome = await _progress.CreateView(parsed).RunAsync(view =>
        {
            var operation = new PackageOperation(sysroot, new OciOptions(), view)
            {
                DryRun = parsed.GetValue(_dryRun),
                CacheOnly = parsed.GetValue(_cacheOnly),
                Idempotent = idempotent,
                AllowInactive = allowInactive,
            };
            cancellation.ThrowIfCancellationRequested();
            OperationOutcome ended = run(operation);
            transaction = operation.Transaction;
            return Task.FromResult(ended);
        });
        if (transaction is not null)
        {
            TransactionTable.Write(transaction, Console.Out);
        }

        return Reboot.IfAsked(apply, outcome);
    }
}
