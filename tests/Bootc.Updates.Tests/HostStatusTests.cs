// What hosts tell the owner of their fleet: on a branch that many write to, and to a webhook.
using System.Text.Json.Nodes;
using Bootc.Testing;
using Bootc.Updates.Git;

namespace Bootc.Updates.Tests;

public sealed class HostStatusTests : IDisposable
{
    private readonly TestRepository _repository = new();
    private readonly SettableClock _clock = new(DateTimeOffset.Parse("2026-01-05T12:00:00Z"));
    private readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;

    public void Dispose() => _repository.Dispose();

    [Fact]
    public async Task Hosts_that_write_to_the_branch_at_once_all_get_their_word_in()
    {
        string main = _repository.Commit("web1.yaml", TestRepository.Host("{}"));
        string[] hosts = ["web1", "web2", "web3"];
        StatusBranch[] branches = [.. hosts.Select(host => new StatusBranch(_repository.Settings, _repository[$"status-{host}"]))];
        for (int round = 1; round <= 2; round++)
        {
            await Task.WhenAll(hosts.Zip(branches, (host, branch) => branch.SendAsync(Report(host, $"round {round}"), _cancellation)));
        }

        Assert.Equal(["status/web1.json", "status/web2.json", "status/web3.json"], _repository.Git("ls-tree", "-r", "--name-only", "bootc-status").Split('\n'));
        Assert.Equal("6", _repository.Git("rev-list", "--count", "bootc-status"));
        Assert.Equal(main, _repository.Git("rev-parse", "main"));
        JsonNode status = JsonNode.Parse(_repository.Git("show", "bootc-status:status/web2.json"))!;
        Assert.Equal(("bootc.host-status/v1", "web2", "inSync", "round 2"), ((string)status["schema"]!, (string)status["host"]!, (string)status["state"]!, (string)status["message"]!));
        Assert.Equal("web2: InSync", _repository.Git("log", "-1", "--format=%s", "--author=web2", "bootc-status"));
    }

    [Fact]
    public async Task A_branch_that_cannot_be_written_is_told_of()
    {
        var branch = new StatusBranch(_repository.Settings with { Url = "file:///nowhere/at/all" }, _repository["status"]);

        Assert.StartsWith("the branch bootc-status of file:///nowhere/at/all cannot be fetched: ", (await Assert.ThrowsAsync<GitException>(() => branch.SendAsync(Report("a", "b"), _cancellation))).Message);
    }

    [Fact]
    public async Task Reports_are_sent_when_they_change_and_not_too_often()
    {
        using var server = new ScriptedServer(_ => new ScriptedAnswer(200));
        var sender = new ReportSender(new StatusWebhook($"http://{server.Address}/hook", _repository.AllowedSigners), TimeSpan.FromMinutes(1), _clock);

        Assert.Null(await sender.OfferAsync(Report("web1", "one"), _cancellation));
        Assert.Null(await sender.OfferAsync(Report("web1", "two"), _cancellation)); // too soon
        Assert.Null(await sender.OfferAsync(Report("web1", "three"), _cancellation));
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(await sender.OfferAsync(Report("web1", "three"), _cancellation));
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Null(await sender.OfferAsync(Report("web1", "three"), _cancellation)); // no news

        Assert.Equal(["one", "three"], server.Requests.Select(request => (string)JsonNode.Parse(request.Body)!["message"]!));
        Assert.All(server.Requests, request => Assert.Equal(("POST", "/hook", "application/json"), (request.Method, request.Path, request.Header("content-type"))));
        Assert.StartsWith("Bearer owner@example.com", server.Requests.First().Header("authorization"));
    }

    [Fact]
    public async Task A_webhook_that_refuses_is_asked_less_and_less_often()
    {
        int status = 503;
        using var server = new ScriptedServer(_ => new ScriptedAnswer(status));
        var sender = new ReportSender(new StatusWebhook($"http://{server.Address}/", null), TimeSpan.FromMinutes(1), _clock);

        for (int minute = 0; minute < 16; minute++)
        {
            await sender.OfferAsync(Report("web1", "news"), _cancellation);
            _clock.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal(4, server.Requests.Count); // after 0, 2, 6 and 14 minutes
        status = 204;
        _clock.Advance(TimeSpan.FromHours(1));
        Assert.Null(await sender.OfferAsync(Report("web1", "news"), _cancellation));
        Assert.Null(await sender.OfferAsync(Report("web1", "news"), _cancellation));
        Assert.Equal(5, server.Requests.Count);
    }

    [Fact]
    public async Task A_webhook_that_is_gone_is_no_more_than_a_word_in_the_log()
    {
        var sender = new ReportSender(new StatusWebhook("http://127.0.0.1:1/", null), TimeSpan.FromMinutes(1), _clock);

        Assert.StartsWith("the webhook for the host's status cannot be reached: ", await sender.OfferAsync(Report("web1", "news"), _cancellation));
    }

    private static HostReport Report(string host, string message) => new(host, HostState.InSync, message);
}
