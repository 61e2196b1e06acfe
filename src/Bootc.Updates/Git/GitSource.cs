// Follows the branch of a repository, and accepts its commits or not.
using System.Globalization;

namespace Bootc.Updates.Git;

/// <summary>
/// Asks the repository at intervals, and accepts a commit that is signed by a key that may sign, follows the one before, and has documents
/// without faults. What cannot be had or accepted leaves everything as it is; a repository that cannot be reached is asked less and less
/// often, up to once an hour.
/// </summary>
public sealed class GitSource
{
    /// <summary>The longest pause between two tries.</summary>
    public static readonly TimeSpan MaximumPause = TimeSpan.FromHours(1);

    private readonly GitSettings _settings;
    private readonly HostIdentity _identity;
    private readonly TimeProvider _clock;
    private readonly GitStateFile _file;
    private readonly GitRepository _repository;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private (string Commit, RenderedHost Wish)? _rendered;
    private string? _problem;
    private int _failures;
    private long? _asked; // when, by a clock that nobody sets
    private TimeSpan _pause;

    /// <param name="settings">The settings.</param>
    /// <param name="identity">Who the host is.</param>
    /// <param name="root">The host's root, below which it remembers what it accepted.</param>
    /// <param name="clock">The time.</param>
    /// <exception cref="UpdatesException">The settings lack something.</exception>
    public GitSource(GitSettings settings, HostIdentity identity, string root = "/", TimeProvider? clock = null)
    {
        settings.Require();
        _settings = settings;
        _identity = identity;
        _clock = clock ?? TimeProvider.System;
        _file = new GitStateFile(GitStateFile.FolderOf(root));
        _repository = new GitRepository(Path.Combine(_file.Folder, "repository.git"), settings);
    }

    /// <summary>What is followed, for people.</summary>
    public string Description => $"the branch {_settings.Branch} of {_repository.Address}";

    /// <summary>The host's name.</summary>
    public string HostName => _identity.Name;

    /// <summary>What the repository says, asking it when it is time to.</summary>
    /// <exception cref="UpdatesException">Nothing was ever accepted, or what was cannot be read any more; the reason is what is waited for.</exception>
    public async Task<GitView> RefreshAsync(CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            using IDisposable held = _file.Lock();
            GitState state = _file.Read();
            if (_asked is not { } asked || _clock.GetElapsedTime(asked) >= _pause)
            {
                state = await AskAsync(state, cancellation).ConfigureAwait(false);
            }

            return state.Accepted is not null ? new GitView(state, await RenderAsync(state.Accepted, cancellation).ConfigureAwait(false)) { Problem = _problem }
                : throw new GitException(_problem ?? $"no commit of {_repository.Address} was accepted yet");
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Accepts the branch's commit now, whatever was accepted before, if its signature and its documents are in order.</summary>
    /// <param name="allowRollback">Whether it need not follow the one that was accepted before.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="UpdatesException">It is refused, or cannot be had.</exception>
    public async Task<GitView> AcceptAsync(bool allowRollback, CancellationToken cancellation)
    {
        using IDisposable held = _file.Lock();
        GitState state = allowRollback ? ReadOrBeginAnew() : _file.Read();
        state = await TakeAsync(state, allowRollback || _settings.AllowsRollback, cancellation).ConfigureAwait(false);
        return new GitView(state, await RenderAsync(state.Accepted!, cancellation).ConfigureAwait(false));
    }

    /// <summary>Changes what the host remembers.</summary>
    /// <exception cref="GitException">It cannot be written.</exception>
    public GitState Update(Func<GitState, GitState> change)
    {
        using IDisposable held = _file.Lock();
        GitState before = _file.Read(), after = change(before);
        if (after != before)
        {
            _file.Write(after);
        }

        return after;
    }

    private async Task<GitState> AskAsync(GitState state, CancellationToken cancellation)
    {
        string? problem;
        try
        {
            state = await TakeAsync(state, _settings.AllowsRollback, cancellation).ConfigureAwait(false);
            (problem, _failures) = (null, 0);
        }
        catch (Exception e) when (e is CommitRefusedException or FleetFormatException)
        {
            (problem, _failures) = (e.Message, 0); // another commit is waited for, which may come at any time
        }
        catch (Exception e) when (e is UpdatesException or IOException or UnauthorizedAccessException)
        {
            (problem, _failures) = (e.Message, _failures + 1);
        }

        _asked = _clock.GetTimestamp();
        _pause = Lengthen(_settings.Interval, _failures);
        _problem = problem is null || _failures == 0 ? problem
            : string.Create(CultureInfo.InvariantCulture, $"{problem} (tried {_failures} times; the next try is at {(_clock.GetUtcNow() + _pause).UtcDateTime:yyyy-MM-dd HH:mm} UTC)");
        return state;
    }

    /// <summary>The pause after some failures in a row: it doubles with each after the first.</summary>
    internal static TimeSpan Lengthen(TimeSpan interval, int failures)
    {
        TimeSpan pause = interval * Math.Pow(2, Math.Clamp(failures - 1, 0, 12));
        return pause < MaximumPause || failures < 2 ? pause : interval > MaximumPause ? interval : MaximumPause;
    }

    private async Task<GitState> TakeAsync(GitState state, bool allowRollback, CancellationToken cancellation)
    {
        string tip = await _repository.FetchAsync(allowRollback ? null : state.Accepted, cancellation).ConfigureAwait(false);
        if (tip == state.Accepted)
        {
            return state;
        }

        string signer = await _repository.VerifyAsync(tip, cancellation).ConfigureAwait(false);
        if (state.Accepted is { } before && !allowRollback && !await _repository.IsDescendantAsync(tip, before, cancellation).ConfigureAwait(false))
        {
            throw new CommitRefusedException(tip, $"it does not follow {before[..12]}, which was accepted before ('bootc gitops accept --allow-rollback' accepts it all the same)");
        }

        RenderedHost wish = Fleet.Read(await _repository.ReadAsync(tip, cancellation).ConfigureAwait(false)).Render(_identity);
        (string subject, _) = await _repository.DescribeAsync(tip, cancellation).ConfigureAwait(false);
        state = state with { Accepted = tip, AcceptedAt = _clock.GetUtcNow(), Signer = signer, Subject = subject };
        _file.Write(state);
        _rendered = (tip, wish);
        await _repository.KeepAsync(tip, cancellation).ConfigureAwait(false);
        return state;
    }

    private async Task<RenderedHost> RenderAsync(string commit, CancellationToken cancellation)
    {
        if (_rendered is not { } known || known.Commit != commit)
        {
            known = (commit, Fleet.Read(await _repository.ReadAsync(commit, cancellation).ConfigureAwait(false)).Render(_identity));
            _rendered = known;
        }

        return known.Wish;
    }

    private GitState ReadOrBeginAnew()
    {
        try
        {
            return _file.Read();
        }
        catch (GitException)
        {
            return new GitState();
        }
    }
}
