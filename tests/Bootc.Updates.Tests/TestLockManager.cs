// A lock manager for one test, with or without a server around it.
using System.Text;
using Bootc.Testing;
using Bootc.Updates.FleetLock;
using Bootc.Updates.Http;

namespace Bootc.Updates.Tests;

/// <summary>A lock manager on a store in a file, whose time a test sets.</summary>
internal sealed class TestLockManager : IAsyncDisposable
{
    public const string Token = "open sesame";
    private readonly TestDirectory _directory = new("locks");
    private readonly ISemaphoreStore _store;

    public TestLockManager(params (string Name, ulong Slots)[] groups)
    {
        _store = FileSemaphoreStore.Open(_directory["locks.json"]);
        Manager = new LockManager(_store, new LockManagerOptions
        {
            Groups = groups.ToDictionary(group => group.Name, group => group.Slots),
            AdminToken = Token,
            Clock = Clock,
        });
    }

    public LockManager Manager { get; }

    public SettableClock Clock { get; } = new(DateTimeOffset.Parse("2026-01-01T00:00:00Z"));

    public Task<HttpAnswer> PreReboot(string id, string group = "default") => Post("/v1/pre-reboot", Body(id, group));

    public Task<HttpAnswer> SteadyState(string id, string group = "default") => Post("/v1/steady-state", Body(id, group));

    public Task<HttpAnswer> Get(string path) => Manager.AnswerAsync(new HttpCall("GET", path, "", _ => null, default, null), default);

    public Task<HttpAnswer> Post(string path, string body, string? protocol = "true", string? authorization = null) => Manager.AnswerAsync(
        new HttpCall("POST", path, "", name => name switch { "fleet-lock-protocol" => protocol, "Authorization" => authorization, _ => null }, Encoding.UTF8.GetBytes(body), null),
        default);

    public static string Body(string id, string group) => $$$"""{"client_params":{"group":"{{{group}}}","id":"{{{id}}}"}}""";

    public async ValueTask DisposeAsync()
    {
        await Manager.DisposeAsync();
        await _store.DisposeAsync();
        _directory.Dispose();
    }
}
