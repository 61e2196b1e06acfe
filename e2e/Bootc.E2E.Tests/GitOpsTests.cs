// A host that is led by a Git repository: a signed commit updates it, an unsigned one does not, and of a broken image it tells its owner.
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Bootc.Testing;

namespace Bootc.E2E.Tests;

public sealed class GitOpsTests : IDisposable
{
    private readonly TestDirectory _directory = new("gitops");

    private GitWorkTree? _tree;

    private string Served => _directory["served/fleet.git"];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void AHostFollowsSignedCommitsAndTellsOfABrokenImage()
    {
        InstalledHost.Require();
        MakeRepository();
        using Process daemon = Serve(out int port);
        try
        {
            Commit(Document("v1", "example.commit=1"), isSigned: true);
            using InstalledDisk installed = InstalledDisk.Install("bootc/example:v1", "--bootloader", "systemd");
            using Guest guest = installed.Start("gitops.log", uefi: true);
            guest.WaitUntilBooted();
            Assert.SkipUnless(guest.Run("command -v git").ExitCode == 0, "the image has no git: it is older than this test");
            InstalledDisk.TrustRegistry(guest);
            guest.WaitForNetwork();
            Write(guest, "/etc/bootc/signers", _tree!.AllowedSigners);
            Write(guest, "/etc/bootc/agent.d/50-git.toml", $"""
                [updates]
                strategy = "git"
                [updates.git]
                url = "git://{Guest.HostAddress}:{port}/fleet.git"
                path = "hosts"
                host = "guest"
                allowed_signers = "/etc/bootc/signers"
                interval_secs = 10
                [updates.git.status]
                to = "branch"
                interval_secs = 1
                """);
            guest.Run("systemctl enable --now bootc-agent").Succeeded();

            // A signed commit: kernel arguments first, then another image.
            guest.WaitUntil("grep -q example.commit=1 /proc/cmdline", "the kernel argument is there", InstalledHost.SeveralBoots);
            string second = Commit(Document("v2", "example.commit=2"), isSigned: true);
            guest.WaitUntil($"{InstalledHost.IsBooted("v2")} && grep -q example.commit=2 /proc/cmdline && ! grep -q example.commit=1 /proc/cmdline", "v2 runs", InstalledHost.SeveralBoots);
            WaitForStatus($"\"state\": \"inSync\"", second);

            // An unsigned one changes nothing, and the host says why.
            string unsigned = Commit(Document("v1", "example.commit=3"), isSigned: false);
            guest.WaitUntil($"bootc agent status | grep -q 'commit {unsigned[..12]} is refused: it is not signed'", "the unsigned commit is refused", TimeSpan.FromMinutes(5));
            Assert.Equal(0, guest.Run(InstalledHost.IsBooted("v2")).ExitCode);

            // A signed one on top of it, with an image that is no good: the host comes back, and its owner reads so.
            string broken = Commit(Document("unhealthy", "example.commit=2"), isSigned: true);
            guest.WaitUntil($"{InstalledHost.IsBooted("v2")} && grep -q 'check 50-fails failed' /sysroot/ostree/bootc/failed-boots", "v2 runs again", InstalledHost.SeveralBoots * 2);
            WaitForStatus("check 50-fails failed", broken, "\"state\": \"failed\"");
            Assert.Contains("failed: ", guest.Run("bootc agent status").Succeeded());
            guest.PowerOff();
        }
        finally
        {
            daemon.Kill(entireProcessTree: true);
            daemon.WaitForExit();
        }
    }

    private static string Document(string tag, string argument) => $$"""
        apiVersion: org.containers.bootc/v1
        kind: BootcHost
        metadata: {name: guest}
        spec:
          image: {image: "{{DirectBoot.GuestRegistry}}/bootc/example:{{tag}}"}
          kernelArguments: {present: ["{{argument}}"]}
        """;

    private void MakeRepository()
    {
        _tree = new GitWorkTree(_directory);
        GitWorkTree.Run("init", "-q", "--bare", "-b", "main", Served).Succeeded();
        GitWorkTree.Run("-C", Served, "config", "uploadpack.allowFilter", "true").Succeeded();
    }

    private string Commit(string document, bool isSigned)
    {
        string commit = _tree!.Commit("hosts/guest.yaml", document, isSigned ? null : "");
        _tree.Git("push", "-q", Served, "HEAD:main");
        return commit;
    }

    private void WaitForStatus(string text, string commit, string? more = null)
    {
        string status = "";
        for (Stopwatch clock = Stopwatch.StartNew(); clock.Elapsed < InstalledHost.SeveralBoots * 2; Thread.Sleep(TimeSpan.FromSeconds(3)))
        {
            CommandResult shown = GitWorkTree.Run("-C", Served, "show", "bootc-status:status/guest.json");
            status = shown.ExitCode == 0 ? shown.Output : status;
            if (status.Contains(text, StringComparison.Ordinal) && status.Contains(commit, StringComparison.Ordinal) && (more is null || status.Contains(more, StringComparison.Ordinal)))
            {
                return;
            }
        }

        throw new InvalidOperationException($"the status branch does not say '{text}' of {commit}, but: {status}");
    }

    // Hosts push their status to it; what they may not push is theirs to find out.
    private Process Serve(out int port)
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        Process daemon = Process.Start(new ProcessStartInfo("git",
            ["daemon", "--reuseaddr", "--export-all", "--enable=receive-pack", "--listen=127.0.0.1", $"--port={port}", $"--base-path={_directory["served"]}", _directory["served"]])
        { RedirectStandardError = true })!;
        _ = daemon.StandardError.ReadToEndAsync(); // so that it never waits for a reader
        return daemon;
    }

    private static void Write(Guest guest, string path, string text) =>
        guest.Run($"mkdir -p $(dirname {path}) && echo {Convert.ToBase64String(Encoding.UTF8.GetBytes(text + "\n"))} | base64 -d > {path}").Succeeded();
}
