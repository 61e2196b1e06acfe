// The executable as a lock manager: the conversation of a zincati, curl, TLS, and clients that mean harm.
using System.Net;
using System.Net.Sockets;
using System.Text;
using Bootc.Testing;
using Bootc.Updates.FleetLock;
using Bootc.Updates.Http;

namespace Bootc.Updates.Tests;

public class FleetLockServeTests
{
    [Fact]
    public void Curl_speaks_with_it_as_the_protocols_description_says()
    {
        Peer.Require("curl");
        using var directory = new TestDirectory("serve");
        using var server = new ServerProcess("fleet-lock", "serve", "--listen", "127.0.0.1:0", "--store", directory["locks.json"], "--group", "default=1");
        string Post(string path, string id, params string[] more) => Peer.Run("curl", ["-s", "-w", " %{http_code}", .. more, "-d", TestLockManager.Body(id, "default"), $"{server.Url}/v1/{path}"], null).Output;

        Assert.Equal(" 200", Post("pre-reboot", "a", "-H", "fleet-lock-protocol: true"));
        Assert.Equal("""{"kind":"failed_lock_semaphore_full","value":"semaphore currently full: all 1 slots of group default are locked"} 409""", Post("pre-reboot", "b", "-H", "fleet-lock-protocol: true"));
        Assert.Equal("""{"kind":"invalid_client_identity","value":"failed to validate client identity: the header fleet-lock-protocol is not true"} 400""", Post("steady-state", "a"));
        Assert.Equal(" 200", Post("steady-state", "a", "-H", "Fleet-Lock-Protocol: true", "-H", "Transfer-Encoding: chunked"));
        Assert.Contains("airlock_database_semaphore_lock_holders{group=\"default\"} 0", Peer.Run("curl", "-s", $"{server.Url}/metrics").Output);
        Assert.Contains("<h2>default", Peer.Run("curl", "-s", server.Url).Output);
        Assert.Contains("Content-Length: ", Peer.Run("curl", "-sI", $"{server.Url}/metrics").Output);
        Assert.Equal(0, server.Terminate());
    }

    [Fact]
    public void The_commands_speak_with_it()
    {
        using var directory = new TestDirectory("serve");
        string token = directory.Write("token", "secret\n");
        using var server = new ServerProcess("fleet-lock", "serve", "--listen", "127.0.0.1:0", "--store", directory["locks.json"], "--admin-token-file", token);

        Assert.Equal("", BootcProgram.Run("fleet-lock", "pre-reboot", "--url", server.Url, "--id", "a").Succeeded());
        CommandResult refused = BootcProgram.Run("fleet-lock", "pre-reboot", "--url", server.Url, "--id", "b");
        Assert.Equal((1, "error: lock manager pre-reboot rejection, code 409: semaphore currently full: all 1 slots of group default are locked\n"), (refused.ExitCode, refused.Error));
        Assert.Matches("^default: 1 of 1 slots taken\n  holds  a  since [-0-9]+ [:0-9]+ UTC\n  waits  b  since [-0-9]+ [:0-9]+ UTC\n$", BootcProgram.Run("fleet-lock", "list", "--url", server.Url).Succeeded());
        Assert.StartsWith("""[{"group":"default","total_slots":1,"holders":[{"id":"a","since":""", BootcProgram.Run("fleet-lock", "list", "--url", server.Url, "--format", "json").Succeeded());
        Assert.Equal("a holds no lock of group default any more\n", BootcProgram.Run("fleet-lock", "unlock", "a", "--url", server.Url, "--token-file", token).Succeeded());
        Assert.Equal("", BootcProgram.Run("fleet-lock", "pre-reboot", "--url", server.Url, "--id", "b").Succeeded());
        Assert.Equal("", BootcProgram.Run("fleet-lock", "steady-state", "--url", server.Url, "--id", "b").Succeeded());
    }

    [Fact]
    public void The_slots_are_those_of_the_last_start()
    {
        using var directory = new TestDirectory("serve");
        using (var first = new ServerProcess("fleet-lock", "serve", "--listen", "127.0.0.1:0", "--store", directory["locks.json"], "--group", "default=1"))
        {
            BootcProgram.Run("fleet-lock", "pre-reboot", "--url", first.Url, "--id", "a").Succeeded();
            first.Kill();
        }

        using var second = new ServerProcess("fleet-lock", "serve", "--listen", "127.0.0.1:0", "--store", directory["locks.json"], "--group", "default=2");
        BootcProgram.Run("fleet-lock", "pre-reboot", "--url", second.Url, "--id", "b").Succeeded();
        Assert.Equal(1, BootcProgram.Run("fleet-lock", "pre-reboot", "--url", second.Url, "--id", "c").ExitCode);
    }

    [Theory]
    [InlineData("--group default", "--group takes a name and a number of slots, NAME=SLOTS, not 'default'")]
    [InlineData("--group default=-1", "--group takes a name and a number of slots, NAME=SLOTS, not 'default=-1'")]
    [InlineData("--group a=1 --group a=2", "--group names a twice")]
    [InlineData("--etcd etcd.example.com", "--etcd takes URLs of http or https, not 'etcd.example.com'")]
    [InlineData("--etcd http://127.0.0.1:1 --etcd-cert x", "a client's certificate and its key belong together: one of them is missing")]
    [InlineData("--tls-cert x", "--tls-cert and --tls-key belong together, and --tls-client-ca needs both")]
    [InlineData("--bind-id", "--bind-id needs --tls-client-ca: without it, clients show no certificates")]
    public void Mistakes_are_explained_in_one_line(string options, string error)
    {
        CommandResult result = BootcProgram.Run(["fleet-lock", "serve", .. options.Split(' ')]);

        Assert.Equal((1, "", $"error: {error}\n"), (result.ExitCode, result.Output, result.Error));
    }

    [Fact]
    public void An_etcd_that_is_not_there_is_told_at_the_start()
    {
        CommandResult result = BootcProgram.Run("fleet-lock", "serve", "--listen", "127.0.0.1:0", "--etcd", "http://127.0.0.1:1");

        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith("error: etcd does not answer at http://127.0.0.1:1: ", result.Error);
    }

    [Fact]
    public async Task TLS_asks_clients_who_they_are()
    {
        Peer.Require("openssl", "curl");
        using var directory = new TestDirectory("serve");
        TestCertificates.Write(directory);
        using var server = new ServerProcess(
            ["fleet-lock", "serve", "--listen", "127.0.0.1:0", "--store", directory["locks.json"], "--tls-cert", directory["server.pem"], "--tls-key", directory["server.key"], "--tls-client-ca", directory["ca.pem"], "--bind-id", "--group", "default=2"]);
        Assert.StartsWith("https://", server.Url);
        string Post(string id, params string[] more) => Peer.Run(
            "curl",
            ["-s", "-w", "%{http_code}", "-o", "/dev/null", "--cacert", directory["ca.pem"], .. more, "-H", "fleet-lock-protocol: true", "-d", TestLockManager.Body(id, "default"), $"{server.Url}/v1/pre-reboot"],
            null).Output;
        string[] Certificate(string name) => ["--cert", directory[$"{name}.pem"], "--key", directory[$"{name}.key"]];

        Assert.Equal("000", Post("host-a"));
        Assert.Equal("000", Post("host-a", Certificate("stranger")));
        Assert.Equal("403", Post("host-b", Certificate("host-a")));
        Assert.Equal("200", Post("host-a", Certificate("host-a")));

        var files = new TlsClientFiles(directory["ca.pem"], directory["host-a.pem"], directory["host-a.key"]);
        using var client = new FleetLockClient(server.Url, files);
        await client.SteadyStateAsync(new FleetLockIdentity("host-a", "default"));
        using var untrusting = new FleetLockClient(server.Url, files with { Authorities = directory["stranger.pem"] });
        await Assert.ThrowsAsync<HttpRequestException>(() => untrusting.SteadyStateAsync(new FleetLockIdentity("host-a", "default")));
    }

    [Theory]
    [InlineData("\0\u0001\u0002\u0003\r\n\r\n", 400)]
    [InlineData("GET / HTTP/9.9\r\n\r\n", 505)]
    [InlineData("GET /metrics HTTP/1.1\r\n\r\n", 400)] // no Host
    [InlineData("POST /v1/pre-reboot HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400)]
    [InlineData("POST /v1/pre-reboot HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n", 413)]
    [InlineData("POST /v1/pre-reboot HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400)]
    public async Task Requests_that_are_none_are_refused_and_others_served(string request, int status)
    {
        using var directory = new TestDirectory("serve");
        await using var test = new TestLockManager(("default", 1));
        await using HttpServer server = await HttpServer.StartAsync(ListenAddress.Parse("127.0.0.1:0"), null, test.Manager, _ => { });

        Assert.StartsWith($"HTTP/1.1 {status} ", await Send(server, request));
        Assert.StartsWith("HTTP/1.1 200 OK", await Send(server, "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    }

    [Fact]
    public async Task Headers_and_bodies_without_end_are_cut_off()
    {
        await using var test = new TestLockManager(("default", 1));
        await using HttpServer server = await HttpServer.StartAsync(ListenAddress.Parse("127.0.0.1:0"), null, test.Manager, _ => { });

        Assert.StartsWith("HTTP/1.1 431 ", await Send(server, "GET / HTTP/1.1\r\nHost: x\r\nX: " + new string('x', 1 << 20)));
        Assert.StartsWith("HTTP/1.1 413 ", await Send(server, "POST /v1/pre-reboot HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + string.Concat(Enumerable.Repeat("1000\r\n" + new string('x', 4096) + "\r\n", 64))));
    }

    [Fact]
    public async Task A_service_that_fails_says_nothing_of_itself()
    {
        var log = new List<string>();
        await using HttpServer server = await HttpServer.StartAsync(ListenAddress.Parse("127.0.0.1:0"), null, new Failing(), log.Add);

        string answer = await Send(server, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 500 ", answer);
        Assert.EndsWith("\r\n\r\n", answer);
        Assert.Contains("a secret", Assert.Single(log));
    }

    [Fact]
    public async Task It_listens_on_a_Unix_socket()
    {
        Peer.Require("curl");
        using var directory = new TestDirectory("serve");
        await using var test = new TestLockManager(("default", 1));
        await using HttpServer server = await HttpServer.StartAsync(ListenAddress.Parse($"unix:{directory["socket"]}"), null, test.Manager, _ => { });

        Assert.Contains("airlock_config_groups 1", Peer.Run("curl", "-s", "--unix-socket", directory["socket"], "http://x/metrics").Output);
    }

    [Theory]
    [InlineData("127.0.0.1:80", "127.0.0.1:80")]
    [InlineData("[::1]:80", "[::1]:80")]
    [InlineData(":80", "[::]:80")]
    [InlineData("localhost:0", "127.0.0.1:0")]
    [InlineData("::1:80", null)]
    [InlineData("example.com:80", null)]
    [InlineData("127.0.0.1", null)]
    [InlineData("127.0.0.1:65536", null)]
    [InlineData("unix:relative", null)]
    public void Addresses(string text, string? endPoint)
    {
        if (endPoint is null)
        {
            Assert.StartsWith($"'{text}' is no address to listen on", Assert.Throws<UpdatesException>(() => ListenAddress.Parse(text)).Message);
            return;
        }

        Assert.Equal(endPoint, ListenAddress.Parse(text).EndPoint!.ToString());
    }

    private static async Task<string> Send(HttpServer server, string request)
    {
        var uri = new Uri(server.Url);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Parse(uri.Host), uri.Port);
        NetworkStream stream = client.GetStream();
        Task writing = WriteAsync(stream, Encoding.Latin1.GetBytes(request));
        using var answer = new MemoryStream();
        try
        {
            await stream.CopyToAsync(answer).WaitAsync(TimeSpan.FromSeconds(30));
        }
        catch (IOException)
        {
            // A server that has said what is wrong need not read the rest.
        }

        await writing;
        return Encoding.UTF8.GetString(answer.ToArray());
    }

    private static async Task WriteAsync(NetworkStream stream, byte[] bytes)
    {
        try
        {
            await stream.WriteAsync(bytes);
        }
        catch (IOException)
        {
            // The same.
        }
    }

    private sealed class Failing : IHttpService
    {
        public Task<HttpAnswer> AnswerAsync(HttpCall call, CancellationToken cancellation) => throw new InvalidOperationException("a secret");
    }
}
