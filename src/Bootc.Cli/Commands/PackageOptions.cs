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
    private readonly Option<bool> _applyLive = new("--apply-live") { Description = "Put what is added onto the running system as well, without a reboot" };
    private readonly Option<bool> _allowReplacement = new("--allow-replacement") { Description = "Let packages of the running system be replaced and removed while it runs" };
    private readonly ProgressOptions _progress = new();

    public void AddTo(Command command)
    {
        command.Add(_dryRun);
        command.Add(_cacheOnly);
        command.Add(_apply);
        _progress.AddTo(command);
        command.Exclude(_dryRun, _apply);
    }

    /// <summary>The options of commands that may change the running system.</summary>
    /// <param name="command">The command.</param>
    /// <param name="isLiveAnyway">Whether that is what the command is for.</param>
    public void AddLiveTo(Command command, bool isLiveAnyway = false)
    {
        if (!isLiveAnyway)
        {
            command.Add(_applyLive);
            command.Exclude(_dryRun, _applyLive);
            command.Exclude(_apply, _applyLive);
        }

        command.Add(_allowReplacement);
    }

    public async Task<int> RunAsync(
        ParseResult parsed, string command, Func<PackageOperation, OperationOutcome> run, bool idempotent = false, bool allowInactive = false, CancellationToken cancellation = default)
    {
        using Sysroot sysroot = OpenSysroot.ForWriting(parsed, command);
        bool apply = parsed.GetValue(_apply);
        Reboot.Check(sysroot, apply);
        Reboot.RefuseWhileUpdateWaits(sysroot, apply);
        PackageTransaction? transaction = null;
        OperationOutcome outcome = await _progress.CreateView(parsed).RunAsync(view =>
        {
            var operation = new PackageOperation(sysroot, new OciOptions(), view)
            {
                DryRun = parsed.GetValue(_dryRun),
                CacheOnly = parsed.GetValue(_cacheOnly),
                Idempotent = idempotent,
                AllowInactive = allowInactive,
                ApplyLive = parsed.GetValue(_applyLive),
                AllowReplacement = parsed.GetValue(_allowReplacement),
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
