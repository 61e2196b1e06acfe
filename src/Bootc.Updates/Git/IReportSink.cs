// Where a host tells how it is.
namespace Bootc.Updates.Git;

/// <summary>Takes the reports of a host.</summary>
internal interface IReportSink
{
    /// <summary>Takes one.</summary>
    /// <exception cref="UpdatesException">It is not taken; it is offered again later.</exception>
    Task SendAsync(HostReport report, CancellationToken cancellation);
}
