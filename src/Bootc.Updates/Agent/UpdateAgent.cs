// The update agent: a state machine that decides what is done when.
using System.Globalization;
using Bootc.Updates.Graph;
using Bootc.Updates.Strategies;

namespace Bootc.Updates.Agent;

/// <summary>
/// Steps from state to state: report the host as well, look for updates, stage one, wait until the host may reboot, reboot. It touches
/// nothing itself: the host and the strategy are asked. States, numbers and times are those of zincati.
/// </summary>
/// <param name="host">The host.</param>
/// <param name="strategy">When the host may reboot.</param>
/// <param name="config">The settings.</param>
/// <param name="clock">The time.</param>
/// <param name="resumed">Where an agent before this one stood, in this boot of the host.</param>
public sealed class UpdateAgent(IAgentHost host, IUpdateStrategy strategy, AgentConfig config, TimeProvider? clock = null, AgentState? resumed = null)
{
    /// <summary>How often in a row a release is tried to be staged before it is given up until the agent looks again.</summary>
    public const int MaximumAttempts = 12;

    /// <summary>How often a reboot is put off while users are logged in.</summary>
    public const int MaximumPostponements = 10;

    /// <summary>How long a reboot is put off at a time.</summary>
    public static readonly TimeSpan Postponement = TimeSpan.FromMinutes(1);

    private const double MaximumJitter = 0.1;
    private static readonly TimeSpan RefreshPeriod = TimeSpan.FromMinutes(5);
    private readonly TimeProvider _clock = clock ?? TimeProvider.System;

    /// <summary>Where the agent stands.</summary>
    public AgentState State { get; private set; } = Resume(resumed, config) ?? new(AgentStateKind.Start, (clock ?? TimeProvider.System).GetUtcNow());

    /// <summary>What the agent found when it looked for updates last; <see langword="null"/> when it could not look, or has not yet.</summary>
    public UpdateDecision? LastDecision { get; private set; }

    /// <summary>What the agent counts.</summary>
    public AgentCounters Counters { get; init; } = new();

    /// <summary>The share of a pause by which it is longer, 0 to 1 of a tenth, so that hosts do not ask all at once.</summary>
    public Func<double> Jitter { get; init; } = Random.Shared.NextDouble;

    /// <summary>Does one step.</summary>
    /// <returns>How long to wait until the next one; <see langword="null"/> when there is none.</returns>
    public async Task<TimeSpan?> StepAsync(CancellationToken cancellation)
    {
        AgentState before = State;
        Counters.LastRefresh = _clock.GetUtcNow();
        State = before.Kind switch
        {
            AgentStateKind.Start => config.IsEnabled ? To(AgentStateKind.Initialized, "initialized") : To(AgentStateKind.End, "updates are disabled by configuration"),
            AgentStateKind.Initialized => await ReportSteadyAsync(cancellation).ConfigureAwait(false),
            AgentStateKind.ReportedSteady or AgentStateKind.NoNewUpdate => await LookAsync(cancellation).ConfigureAwait(false),
            AgentStateKind.UpdateAvailable => await StageAsync(before.Target!, cancellation).ConfigureAwait(false),
            AgentStateKind.UpdateStaged => await FinalizeAsync(before.Target!, cancellation).ConfigureAwait(false),
            AgentStateKind.UpdateFinalized => To(AgentStateKind.End, $"waiting for the reboot into {before.Target!.Version}"),
            _ => before,
        };
        return Pause(before);
    }

    // An agent that lives although it asked for the reboot asks again; one that did nothing any more begins anew.
    private static AgentState? Resume(AgentState? state, AgentConfig config) => state?.Kind switch
    {
        null or AgentStateKind.Start or AgentStateKind.End => null,
        _ when !config.IsEnabled => null,
        AgentStateKind.UpdateAvailable or AgentStateKind.UpdateStaged when state.Target is null => null,
        AgentStateKind.UpdateFinalized => state.Target is null ? null : state with { Kind = AgentStateKind.UpdateStaged, PostponementsLeft = 0 },
        _ => state,
    };

    private async Task<AgentState> ReportSteadyAsync(CancellationToken cancellation)
    {
        StrategyVerdict verdict = await strategy.ReportSteadyAsync(cancellation).ConfigureAwait(false);
        return verdict.IsAllowed
            ? To(AgentStateKind.ReportedSteady, "the host is well; looking for updates")
            : Stay($"the host cannot be reported as well yet: {verdict.Reason}");
    }

    private async Task<AgentState> LookAsync(CancellationToken cancellation)
    {
        UpdateDecision decision;
        Counters.Checks++;
        try
        {
            decision = await host.DecideAsync(cancellation).ConfigureAwait(false);
            LastDecision = decision;
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            Counters.CountCheckError((e as CincinnatiException)?.Kind ?? "generic");
            return To(AgentStateKind.NoNewUpdate, $"looking for updates failed: {e.Message}");
        }

        return decision.Kind == UpdateDecisionKind.Update
            ? To(AgentStateKind.UpdateAvailable, $"found {decision.Target!.Version}") with { Target = decision.Target }
            : To(AgentStateKind.NoNewUpdate, decision.Describe());
    }

    private async Task<AgentState> StageAsync(GraphNode target, CancellationToken cancellation)
    {
        Counters.StageAttempts++;
        try
        {
            await host.StageAsync(target, cancellation).ConfigureAwait(false);
            return To(AgentStateKind.UpdateStaged, $"{target.Version} is staged") with { Target = target, PostponementsLeft = MaximumPostponements };
        }
        catch (ReleaseOutdatedException e)
        {
            return To(AgentStateKind.NoNewUpdate, e.Message);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            Counters.StageFailures++;
            int failed = State.FailedAttempts + 1;
            return failed < MaximumAttempts
                ? Stay($"{target.Version} could not be staged ({failed} of {MaximumAttempts} attempts): {e.Message}") with { FailedAttempts = failed }
                : To(AgentStateKind.NoNewUpdate, $"{target.Version} was given up after {failed} attempts: {e.Message}");
        }
    }

    private async Task<AgentState> FinalizeAsync(GraphNode target, CancellationToken cancellation)
    {
        Counters.FinalizeAttempts++;
        StrategyVerdict verdict = await strategy.MayRebootAsync(cancellation).ConfigureAwait(false);
        Counters.CountVerdict(verdict);
        if (verdict.IsOutdated)
        {
            return To(AgentStateKind.NoNewUpdate, $"{target.Version} is not wanted any more: {verdict.Reason}");
        }

        if (!verdict.IsAllowed)
        {
            return Stay($"{target.Version} is staged; the reboot waits: {verdict.Reason}") with { PostponementsLeft = MaximumPostponements };
        }

        if (State.PostponementsLeft > 0 && (Counters.ActiveUsers = host.CountInteractiveSessions()) > 0)
        {
            return Postpone(target);
        }

        try
        {
            await host.RebootAsync(target, cancellation).ConfigureAwait(false);
            Counters.FinalizeSuccesses++;
            return To(AgentStateKind.UpdateFinalized, $"rebooting into {target.Version}") with { Target = target };
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            Counters.FinalizeFailures++;
            return Stay($"{target.Version} is staged; rebooting failed: {e.Message}") with { PostponementsLeft = 0 };
        }
    }

    private AgentState Postpone(GraphNode target)
    {
        Counters.Postponements++;
        int left = State.PostponementsLeft;
        if (left is MaximumPostponements or 1)
        {
            string when = left == 1 ? "in 1 minute" : string.Create(CultureInfo.InvariantCulture, $"when all users are logged out, or in {(Postponement * left).TotalMinutes:0} minutes");
            host.Warn($"The update {target.Version} is ready. This host reboots {when}. Please save your work and log out.");
        }

        return Stay($"{target.Version} is staged; the reboot waits for users who are logged in") with { PostponementsLeft = left - 1 };
    }

    // A step to another state is followed by the next one at once, but for the first look that finds nothing.
    private TimeSpan? Pause(AgentState before)
    {
        bool isNewState = before.Kind != State.Kind && (before.Kind, State.Kind) is not (AgentStateKind.ReportedSteady, AgentStateKind.NoNewUpdate);
        return State.Kind switch
        {
            AgentStateKind.End => null,
            _ when isNewState => TimeSpan.Zero,
            AgentStateKind.NoNewUpdate => Lengthen(config.SteadyInterval),
            AgentStateKind.UpdateStaged when State.PostponementsLeft is > 0 => Postponement,
            _ => Lengthen(RefreshPeriod),
        };
    }

    private TimeSpan Lengthen(TimeSpan pause) => pause * (1 + (MaximumJitter * Jitter()));

    private AgentState To(AgentStateKind kind, string status) => new(kind, kind == State.Kind ? State.Since : _clock.GetUtcNow()) { Status = status };

    private AgentState Stay(string status) => State with { Status = status };
}
