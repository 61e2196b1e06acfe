// What a document says of when and whether a host changes.
using Bootc.Oci.Model;
using Bootc.Updates.Windows;

namespace Bootc.Updates.Documents;

/// <summary>The member <c>updates</c> of a document for hosts that a repository leads.</summary>
public sealed record UpdatesWish
{
    /// <summary>When the host may reboot; empty for always.</summary>
    public IReadOnlyList<WeeklyWindow> Windows { get; init; } = [];

    /// <summary>The windows as they were written, for who reads the document.</summary>
    public IReadOnlyList<WrittenWindow> Written { get; init; } = [];

    /// <summary>The time zone of the windows.</summary>
    public string TimeZone { get; init; } = "UTC";

    /// <summary>The one image in the repository that is followed at which the host stays; <see langword="null"/> for the newest.</summary>
    public Digest? Pin { get; init; }

    /// <summary>Why nothing is changed on the host; <see langword="null"/> when it may be.</summary>
    public string? Paused { get; init; }

    /// <summary>A window as it is written.</summary>
    /// <param name="Days">The days' names.</param>
    /// <param name="StartTime">The time at which it begins, as <c>22:30</c>.</param>
    /// <param name="LengthMinutes">How long it is.</param>
    public sealed record WrittenWindow(IReadOnlyList<string> Days, string StartTime, int LengthMinutes);
}
