// Reboot when the documents of a repository let the host.
using Bootc.Updates.Documents;
using Bootc.Updates.Git;
using Bootc.Updates.Windows;

namespace Bootc.Updates.Strategies;

/// <summary>Says yes while a window of the host's documents is open, or they have none, and another strategy says yes, too; looks before whether what is staged is still wanted.</summary>
/// <param name="host">The host.</param>
/// <param name="other">The other strategy.</param>
/// <param name="root">The host's root, for its time zone.</param>
/// <param name="clock">The time.</param>
public sealed class GitStrategy(GitHost host, IUpdateStrategy other, string root = "/", TimeProvider? clock = null) : IUpdateStrategy
{
    /// <inheritdoc/>
    public string Name => "git";

    /// <inheritdoc/>
    public async Task<StrategyVerdict> MayRebootAsync(CancellationToken cancellation)
    {
        try
        {
            if (await host.ReviewAsync(cancellation).ConfigureAwait(false) is { } reason)
            {
                return new StrategyVerdict(false, reason) { IsOutdated = true };
            }
        }
        catch (Exception e) when (e is UpdatesException or IOException or UnauthorizedAccessException)
        {
            return new StrategyVerdict(false, e.Message) { IsError = true };
        }

        if (host.View?.Wish?.Document.Updates is { Windows.Count: > 0 } wish && FindWait(wish) is { } wait)
        {
            return wait;
        }

        return await other.MayRebootAsync(cancellation).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task<StrategyVerdict> ReportSteadyAsync(CancellationToken cancellation) => other.ReportSteadyAsync(cancellation);

    private StrategyVerdict? FindWait(UpdatesWish wish)
    {
        var calendar = new WeeklyCalendar(wish.Windows, TimeZones.Find(wish.TimeZone, root));
        StrategyVerdict verdict = PeriodicStrategy.Ask(calendar, (clock ?? TimeProvider.System).GetUtcNow());
        return verdict.IsAllowed ? null : verdict;
    }
}
