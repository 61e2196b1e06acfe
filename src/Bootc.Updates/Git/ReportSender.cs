// Tells how a host is: when that changes, and not too often.
namespace Bootc.Updates.Git;

/// <summary>
/// Sends a report when it says something new, and not before the pause is over that is kept between two of them; what is not taken is sent
/// again after pauses that double up to an hour. Of reports that come meanwhile, the last is sent.
/// </summary>
/// <param name="sink">Where reports go.</param>
/// <param name="interval">The pause.</param>
/// <param name="clock">The time.</param>
internal sealed class ReportSender(IReportSink sink, TimeSpan interval, TimeProvider? clock = null)
{
    private readonly TimeProvider _clock = clock ?? TimeProvider.System;
    private string? _told;
    private long? _tried; // by a clock that nobody sets
    private int _failures;

    /// <summary>The sender that settings ask for; <see langword="null"/> when they ask for none.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="root">The host's root.</param>
    /// <param name="clock">The time.</param>
    public static ReportSender? Create(GitSettings settings, string root, TimeProvider? clock = null) => settings.Status switch
    {
        "branch" => new ReportSender(new StatusBranch(settings, Path.Combine(GitStateFile.FolderOf(root), "status.git")), settings.StatusInterval, clock),
        "webhook" => new ReportSender(new StatusWebhook(settings.StatusUrl!, settings.StatusTokenFile), settings.StatusInterval, clock),
        _ => null,
    };

    /// <summary>How long a report has to wait until it is time to send it; <see langword="null"/> when the same was sent.</summary>
    public TimeSpan? FindPause(HostReport report) => report.Content == _told ? null
        : _tried is { } tried && GitSource.Lengthen(interval, _failures + (_failures > 0 ? 1 : 0)) - _clock.GetElapsedTime(tried) is var rest && rest > TimeSpan.Zero ? rest
        : TimeSpan.Zero;

    /// <summary>Sends a report if it is time to.</summary>
    /// <returns>Why it was not taken; <see langword="null"/> when it was, or was not sent.</returns>
    public async Task<string?> OfferAsync(HostReport report, CancellationToken cancellation)
    {
        if (FindPause(report) != TimeSpan.Zero)
        {
            return null;
        }

        _tried = _clock.GetTimestamp();
        try
        {
            await sink.SendAsync(report with { Time = _clock.GetUtcNow() }, cancellation).ConfigureAwait(false);
            _told = report.Content;
            _failures = 0;
            return null;
        }
        catch (Exception e) when (e is UpdatesException or IOException or UnauthorizedAccessException)
        {
            _failures++;
            return e.Message;
        }
    }
}
