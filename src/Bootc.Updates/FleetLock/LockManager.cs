// The lock manager's side of the FleetLock protocol, version 1.
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Bootc.Updates.Http;

namespace Bootc.Updates.FleetLock;

/// <summary>
/// Grants and takes back reboot locks over HTTP. Any number of lock managers on one store are equal: none has a state of its own
/// but the list of hosts that it told to wait.
/// </summary>
/// <remarks>
/// <list type="bullet">
/// <item><c>POST /v1/pre-reboot</c> and <c>POST /v1/steady-state</c>: the protocol. Errors are those of airlock; a full semaphore
/// is <c>failed_lock_semaphore_full</c>, as the protocol's description has it, with status 409.</item>
/// <item><c>POST /v1/force-unlock</c>, with the same body and <c>Authorization: Bearer TOKEN</c>: opens the lock of a host that died.</item>
/// <item><c>GET /v1/groups</c>: all groups, holders and waiting hosts, in JSON; <c>GET /</c>: the same as a page.</item>
/// <item><c>GET /metrics</c>: the same in numbers, in the text format of Prometheus, under airlock's names and some more.</item>
/// </list>
/// </remarks>
public sealed class LockManager : IHttpService, IAsyncDisposable
{
    private const string ProtocolHeader = "fleet-lock-protocol";
    private readonly LockManagerOptions _options;
    private readonly SortedDictionary<string, (SemaphoreGroup Semaphore, WaitingHosts Waiting)> _groups = new(StringComparer.Ordinal);
    private readonly LockMetrics _metrics;

    /// <param name="store">Where semaphores are; it stays the caller's.</param>
    /// <param name="options">The groups, and more.</param>
    /// <exception cref="UpdatesException">There is no group, or a name is none.</exception>
    public LockManager(ISemaphoreStore store, LockManagerOptions options)
    {
        _options = options;
        _metrics = new LockMetrics(options.Groups);
        if (options.Groups.Count == 0)
        {
            throw new UpdatesException("a lock manager needs at least one group");
        }

        foreach ((string name, ulong slots) in options.Groups)
        {
            if (FleetLockIdentity.DescribeGroup(name) is { } fault)
            {
                throw new UpdatesException(fault);
            }

            _groups[name] = (new SemaphoreGroup(name, slots, store, options.Timeout, options.Clock), new WaitingHosts(options.Clock));
        }
    }

    /// <summary>Gives the semaphores the slots that were set.</summary>
    /// <exception cref="LockStoreException">The store cannot be used.</exception>
    public async Task SetSlotsAsync()
    {
        foreach ((string name, ulong slots) in _options.Groups)
        {
            LockOutcome outcome = await _groups[name].Semaphore.SetSlotsAsync(slots).ConfigureAwait(false);
            if (outcome.IsChanged)
            {
                _options.Log($"group {name} has {slots} slots now");
            }
        }
    }

    /// <summary>What there is to tell of all groups, in the order of their names.</summary>
    /// <exception cref="LockStoreException">The store cannot be used.</exception>
    public async Task<IReadOnlyList<GroupReport>> ReportAsync()
    {
        RebootSemaphore[] semaphores = await Task.WhenAll(_groups.Values.Select(group => group.Semaphore.ReadAsync())).ConfigureAwait(false);
        return [.. _groups.Zip(semaphores, (group, semaphore) => GroupReport.Of(group.Key, semaphore, group.Value.Waiting.List()))];
    }

    /// <inheritdoc/>
    public async Task<HttpAnswer> AnswerAsync(HttpCall call, CancellationToken cancellation)
    {
        try
        {
            return (call.Method, call.Path) switch
            {
                ("POST", "/v1/pre-reboot") => await CountAsync("pre_reboot", call, PreRebootAsync).ConfigureAwait(false),
                ("POST", "/v1/steady-state") => await CountAsync("steady_state", call, SteadyStateAsync).ConfigureAwait(false),
                ("POST", "/v1/force-unlock") => await CountAsync("force_unlock", call, ForceUnlockAsync).ConfigureAwait(false),
                ("GET" or "HEAD", "/v1/groups") => HttpAnswer.Json(200, GroupReport.ToJson(await ReportAsync().ConfigureAwait(false))),
                ("GET" or "HEAD", "/metrics") => HttpAnswer.Text(200, LockMetrics.ContentType, _metrics.Format(await ReportAsync().ConfigureAwait(false), _options.Clock.GetUtcNow())),
                ("GET" or "HEAD", "/") => HttpAnswer.Text(200, LockPage.ContentType, LockPage.Format(await ReportAsync().ConfigureAwait(false), _options.Clock.GetUtcNow())),
                (_, "/v1/pre-reboot" or "/v1/steady-state" or "/v1/force-unlock") => Refuse(405, "method_not_allowed", "this wants POST") with { Headers = [("Allow", "POST")] },
                (_, "/v1/groups" or "/metrics" or "/") => Refuse(405, "method_not_allowed", "this wants GET") with { Headers = [("Allow", "GET, HEAD")] },
                _ => Refuse(404, "not_found", "there is nothing at this path"),
            };
        }
        catch (LockStoreException e)
        {
            _options.Log(Describe(e));
            return Refuse(500, "failed_lock", Describe(e));
        }
    }

    /// <summary>Ends the work; what waits is done first.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach ((SemaphoreGroup semaphore, _) in _groups.Values)
        {
            await semaphore.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task<HttpAnswer> CountAsync(string endpoint, HttpCall call, Func<FleetLockIdentity, Task<HttpAnswer>> answer)
    {
        _metrics.CountRequest(endpoint);
        HttpAnswer reply;
        try
        {
            reply = Authorize(endpoint, call) ?? (Identify(call, out FleetLockIdentity? identity) is { } refused ? refused
                : CheckCertificate(endpoint, call, identity!) ?? await answer(identity!).ConfigureAwait(false));
        }
        catch (LockStoreException)
        {
            _metrics.CountRefusal(endpoint, "failed_lock");
            throw;
        }

        if (reply.ErrorKind is { } kind)
        {
            _metrics.CountRefusal(endpoint, kind);
        }

        return reply;
    }

    private async Task<HttpAnswer> PreRebootAsync(FleetLockIdentity identity)
    {
        (SemaphoreGroup semaphore, WaitingHosts waiting) = _groups[identity.Group];
        LockOutcome outcome = await semaphore.LockAsync(identity.Id).ConfigureAwait(false);
        if (!outcome.IsHolder)
        {
            waiting.Add(identity.Id);
            return Refuse(409, "failed_lock_semaphore_full", $"semaphore currently full: all {outcome.Semaphore.TotalSlots} slots of group {identity.Group} are locked");
        }

        waiting.Remove(identity.Id);
        if (outcome.IsChanged)
        {
            _options.Log($"{identity.Id} holds a lock of group {identity.Group} ({outcome.Semaphore.Holders.Count} of {outcome.Semaphore.TotalSlots})");
        }

        return HttpAnswer.Empty;
    }

    private async Task<HttpAnswer> SteadyStateAsync(FleetLockIdentity identity)
    {
        (SemaphoreGroup semaphore, WaitingHosts waiting) = _groups[identity.Group];
        LockOutcome outcome = await semaphore.UnlockAsync(identity.Id).ConfigureAwait(false);
        waiting.Remove(identity.Id);
        if (outcome.IsChanged)
        {
            _options.Log($"{identity.Id} released its lock of group {identity.Group}");
        }

        return HttpAnswer.Empty;
    }

    private async Task<HttpAnswer> ForceUnlockAsync(FleetLockIdentity identity)
    {
        LockOutcome outcome = await _groups[identity.Group].Semaphore.UnlockAsync(identity.Id).ConfigureAwait(false);
        if (!outcome.IsChanged)
        {
            return Refuse(404, "not_a_holder", $"{identity.Id} holds no lock of group {identity.Group}");
        }

        _options.Log($"the lock of {identity.Id} in group {identity.Group} was forced open");
        return HttpAnswer.Empty;
    }

    private HttpAnswer? Authorize(string endpoint, HttpCall call)
    {
        if (endpoint != "force_unlock")
        {
            return null;
        }

        if (_options.AdminToken is not { } token)
        {
            return Refuse(403, "no_admin", "this lock manager has no token by which administrators show who they are");
        }

        string given = call.Header("Authorization") is ['B', 'e', 'a', 'r', 'e', 'r', ' ', .. var rest] ? rest : "";
        return CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(given)), SHA256.HashData(Encoding.UTF8.GetBytes(token)))
            ? null
            : Refuse(401, "unauthorized", "the token of an administrator is missing or wrong");
    }

    private HttpAnswer? Identify(HttpCall call, out FleetLockIdentity? identity)
    {
        identity = null;
        if (call.Header(ProtocolHeader) != "true")
        {
            return Invalid($"the header {ProtocolHeader} is not true");
        }

        try
        {
            identity = JsonSerializer.Deserialize(call.Body.Span, FleetLockJson.Default.FleetLockRequest)?.ClientParams;
        }
        catch (JsonException e)
        {
            return Invalid(e.Message);
        }

        return identity is null ? Invalid("no client_params")
            : identity.FindFault() is { } fault ? Invalid(fault)
            : !_groups.ContainsKey(identity.Group) ? Refuse(400, "unknown_group", $"unknown group {identity.Group}")
            : null;

        static HttpAnswer Invalid(string why) => Refuse(400, "invalid_client_identity", $"failed to validate client identity: {why}");
    }

    private HttpAnswer? CheckCertificate(string endpoint, HttpCall call, FleetLockIdentity identity) =>
        !_options.BindsIdToCertificate || endpoint == "force_unlock" || (call.ClientCertificate is { } certificate && NamesOf(certificate).Contains(identity.Id, StringComparer.Ordinal))
            ? null
            : Refuse(403, "client_certificate_mismatch", $"the client's certificate does not name {identity.Id}");

    // The common name, and all names of hosts.
    private static IEnumerable<string> NamesOf(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(names => names.EnumerateDnsNames())
            .Append(certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false));

    private static HttpAnswer Refuse(int status, string kind, string value) =>
        HttpAnswer.Json(status, JsonSerializer.SerializeToUtf8Bytes(new FleetLockError(kind, value), FleetLockJson.Default.FleetLockError)) with { ErrorKind = kind };

    private static string Describe(Exception e) => e.InnerException is { } inner ? $"{e.Message}: {Describe(inner)}" : e.Message;
}
