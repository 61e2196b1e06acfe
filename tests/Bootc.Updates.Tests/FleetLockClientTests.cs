// What hosts send to lock managers and make of the answers, as zincati does.
using Bootc.Testing;
using Bootc.Updates.FleetLock;

namespace Bootc.Updates.Tests;

public class FleetLockClientTests
{
    private static readonly FleetLockIdentity Identity = new("e0f3745b108f471cbd4883c6fbed8cdd", "mock-workers");

    [Theory]
    [InlineData("", "/v1/")]
    [InlineData("/", "/v1/")]
    [InlineData("/base", "/base/v1/")]
    [InlineData("/base/", "/base/v1/")]
    public async Task Requests_are_those_of_the_protocol(string suffix, string prefix)
    {
        using var server = new ScriptedServer(_ => new ScriptedAnswer(200));
        using var client = new FleetLockClient($"http://{server.Address}{suffix}");
        await client.PreRebootAsync(Identity);
        await client.SteadyStateAsync(Identity);

        const string Body = """{"client_params":{"id":"e0f3745b108f471cbd4883c6fbed8cdd","group":"mock-workers"}}""";
        Assert.Equal(
            [("POST", $"{prefix}pre-reboot", "true", Body), ("POST", $"{prefix}steady-state", "true", Body)],
            server.Requests.Select(request => (request.Method, request.Path, request.Header("fleet-lock-protocol"), request.Body)));
    }

    [Theory]
    [InlineData(466, """{"kind":"failure_foo","value":"failed to perform foo"}""", "failure_foo", "lock manager pre-reboot rejection, code 466: failed to perform foo")]
    [InlineData(433, "", "generic_http_433", "lock manager pre-reboot rejection, code 433: (unknown server error)")]
    [InlineData(500, """{"kind":"","value":""}""", "generic_http_500", "lock manager pre-reboot rejection, code 500: (unknown server error)")]
    [InlineData(500, """{"kind":"x"}""", "generic_http_500", "lock manager pre-reboot rejection, code 500: (unknown server error)")]
    [InlineData(302, "", "generic_http_302", "lock manager pre-reboot rejection, code 302: (unknown server error)")]
    public async Task Refusals_say_why(int status, string body, string kind, string message)
    {
        using var server = new ScriptedServer(_ => new ScriptedAnswer(status, body).With("Location", "/elsewhere"));
        using var client = new FleetLockClient($"http://{server.Address}");

        LockRejectedException error = await Assert.ThrowsAsync<LockRejectedException>(() => client.PreRebootAsync(Identity));

        Assert.Equal((kind, message, 1), (error.Error.Kind, error.Message, server.Requests.Count));
    }

    [Fact]
    public async Task A_lock_manager_that_hangs_is_given_up()
    {
        using var server = new ScriptedServer(_ => new ScriptedAnswer(200, "x") { Stalls = true, BreakAfter = 0 });
        using var client = new FleetLockClient($"http://{server.Address}", timeout: TimeSpan.FromMilliseconds(300));

        await Assert.ThrowsAsync<TimeoutException>(() => client.PreRebootAsync(Identity));
    }

    [Fact]
    public async Task A_lock_manager_that_is_not_there_is_an_error()
    {
        using var client = new FleetLockClient("http://127.0.0.1:1");

        await Assert.ThrowsAsync<HttpRequestException>(() => client.PreRebootAsync(Identity));
    }

    [Theory]
    [InlineData("locks.example.com")]
    [InlineData("ftp://locks.example.com")]
    [InlineData("")]
    public void A_URL_that_is_none_is_refused(string url) =>
        Assert.StartsWith($"'{url}' is no URL of a lock manager", Assert.Throws<UpdatesException>(() => new FleetLockClient(url)).Message);
}
