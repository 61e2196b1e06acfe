// What answers the requests to a server.
namespace Bootc.Updates.Http;

/// <summary>Answers requests.</summary>
public interface IHttpService
{
    /// <summary>Answers a request. An exception becomes an answer of status 500 that says nothing.</summary>
    Task<HttpAnswer> AnswerAsync(HttpCall call, CancellationToken cancellation);
}
