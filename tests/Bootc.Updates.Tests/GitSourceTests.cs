// A host that follows a repository: which commits it accepts, checked with real git, ssh-keygen and gpg.
using Bootc.Testing;
using Bootc.Updates.Git;

namespace Bootc.Updates.Tests;

public sealed class GitSourceTests : IDisposable
{
    private const string Quiet = "{kernelArguments: {present: [quiet]}}";
    private readonly TestRepository _repository = new();
    private readonly SettableClock _clock = new(DateTimeOffset.Parse("2026-01-05T12:00:00Z"));
    private readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;

    public void Dispose() => _repository.Dispose();

    [Fact]
    public async Task A_signed_commit_is_accepted_and_so_is_one_that_follows()
    {
        string first = _repository.Commit("hosts/web1.yaml", TestRepository.Host(Quiet));
        GitSource source = _repository.Source(clock: _clock);
        GitView view = await source.RefreshAsync(_cancellation);

        Assert.Equal((first, null), (view.State.Accepted, view.Problem));
        Assert.StartsWith("owner@example.com by the ED25519 key SHA256:", view.State.Signer);
        Assert.Equal(["quiet"], view.Wish!.Document.KernelArguments!.Present);
        Assert.Equal(["BootcHost web1 (hosts/web1.yaml:1)"], view.Wish.Sources);

        string second = _repository.Commit("hosts/web1.yaml", TestRepository.Host("{kernelArguments: {present: [debug]}}"));
        Assert.Equal(first, (await source.RefreshAsync(_cancellation)).State.Accepted); // it is not asked all the time
        _clock.Advance(TimeSpan.FromMinutes(5));
        view = await source.RefreshAsync(_cancellation);
        Assert.Equal((second, "debug"), (view.State.Accepted, view.Wish!.Document.KernelArguments!.Present[0]));
        Assert.Equal(second, (await _repository.Source().RefreshAsync(_cancellation)).State.Accepted); // by a program that has just begun
    }

    [Fact]
    public async Task A_commit_that_is_not_signed_or_by_a_stranger_changes_nothing()
    {
        string good = _repository.Commit("web1.yaml", TestRepository.Host(Quiet));
        GitSource source = _repository.Source(clock: _clock);
        await source.RefreshAsync(_cancellation);

        string unsigned = _repository.Commit("web1.yaml", TestRepository.Host("{kernelArguments: {present: [evil]}}"), key: "");
        GitView view = await Later(source);
        Assert.Equal((good, "quiet", $"commit {unsigned[..12]} is refused: it is not signed"), (view.State.Accepted, view.Wish!.Document.KernelArguments!.Present[0], view.Problem));

        string strange = _repository.Commit("web1.yaml", TestRepository.Host("{kernelArguments: {present: [worse]}}"), _repository.Stranger);
        view = await Later(source);
        Assert.Equal((good, $"commit {strange[..12]} is refused: it is signed by no key that may sign (updates.git.allowed_signers, updates.git.gpg_keyring)"), (view.State.Accepted, view.Problem));

        // What the owner signs on top of them is the owner's word for all of it.
        string healed = _repository.Commit("web1.yaml", TestRepository.Host("{kernelArguments: {present: [fine]}}"));
        view = await Later(source);
        Assert.Equal((healed, null), (view.State.Accepted, view.Problem));
    }

    [Fact]
    public async Task A_signature_of_another_commit_does_not_count()
    {
        string good = _repository.Commit("web1.yaml", TestRepository.Host(Quiet));
        string changed = _repository.Git("cat-file", "commit", good).Replace("\n\nchange", "\n\nchanged", StringComparison.Ordinal) + "\n";
        string forged = Peer.Run("git", ["-C", _repository.Path, "hash-object", "-w", "-t", "commit", "--stdin"], changed).Succeeded().Trim();
        _repository.Git("update-ref", "refs/heads/main", forged);

        Assert.Contains("its signature is not for what it says", (await Assert.ThrowsAnyAsync<GitException>(() => _repository.Source().RefreshAsync(_cancellation))).Message);
    }

    [Fact]
    public async Task A_branch_that_was_put_back_or_rewritten_is_refused_until_somebody_accepts_it()
    {
        string first = _repository.Commit("web1.yaml", TestRepository.Host(Quiet));
        string second = _repository.Commit("web1.yaml", TestRepository.Host("{kernelArguments: {present: [second]}}"));
        GitSource source = _repository.Source(clock: _clock);
        await source.RefreshAsync(_cancellation);

        _repository.Git("reset", "-q", "--hard", first);
        GitView view = await Later(source);
        Assert.Equal(second, view.State.Accepted);
        Assert.Equal($"commit {first[..12]} is refused: it does not follow {second[..12]}, which was accepted before ('bootc gitops accept --allow-rollback' accepts it all the same)", view.Problem);

        _repository.Git("checkout", "-q", "--orphan", "other");
        string rewritten = _repository.Commit("web1.yaml", TestRepository.Host("{kernelArguments: {present: [rewritten]}}"));
        _repository.Git("branch", "-f", "main", rewritten);
        Assert.Equal(second, (await Later(source)).State.Accepted);

        // A copy that was lost is no way around it.
        Directory.Delete(Path.Combine(_repository.Root, "var/lib/bootc/git/repository.git"), recursive: true);
        view = await Later(source);
        Assert.Contains("does not follow", view.Problem);
        Assert.Equal(second, view.State.Accepted);

        await Assert.ThrowsAsync<CommitRefusedException>(() => source.AcceptAsync(allowRollback: false, _cancellation));
        view = await source.AcceptAsync(allowRollback: true, _cancellation);
        Assert.Equal((rewritten, "rewritten"), (view.State.Accepted, view.Wish!.Document.KernelArguments!.Present[0]));
        Assert.Null((await Later(source)).Problem);
    }

    [Fact]
    public async Task The_settings_may_allow_a_rollback()
    {
        string first = _repository.Commit("web1.yaml", TestRepository.Host(Quiet));
        _repository.Commit("web1.yaml", TestRepository.Host("{}"));
        GitSource source = _repository.Source(_repository.Settings with { AllowsRollback = true }, _clock);
        await source.RefreshAsync(_cancellation);
        _repository.Git("reset", "-q", "--hard", first);

        Assert.Equal((first, null), ((await Later(source)) is var view ? view.State.Accepted : null, view.Problem));
    }

    [Fact]
    public async Task OpenPGP_keys_of_a_file_count_and_no_others()
    {
        Peer.Require("gpg");
        string home = _repository["gnupg"];
        Peer.Run("mkdir", "-m", "700", home).Succeeded();
        try
        {
            string ring = MakePgpKey(home, "owner"), other = MakePgpKey(home, "stranger");
            SignByPgp(home, "owner", Quiet);
            GitSettings settings = _repository.Settings with { AllowedSigners = null, GpgKeyring = ring };
            GitSource source = _repository.Source(settings, _clock);
            GitView view = await source.RefreshAsync(_cancellation);
            Assert.Matches("^the OpenPGP key [0-9A-F]{40}$", view.State.Signer);

            SignByPgp(home, "stranger", "{kernelArguments: {present: [evil]}}");
            Assert.Contains("it is signed by no key that may sign", (await Later(source)).Problem);
            _repository.Commit("web1.yaml", TestRepository.Host("{kernelArguments: {present: [ssh]}}")); // a kind of key of which there are none here
            Assert.Contains("it is signed by no key that may sign", (await Later(source)).Problem);
            GitSource mixed = new(settings with { GpgKeyring = other, AllowedSigners = _repository.AllowedSigners }, new HostIdentity("web1", null, new Dictionary<string, string>()), _repository["mixed"]);
            Assert.StartsWith("owner@example.com", (await mixed.RefreshAsync(_cancellation)).State.Signer);
            Assert.False(Directory.Exists(Path.Combine(_repository.Root, "var/lib/bootc/git/keys")));
        }
        finally
        {
            Peer.Run("gpgconf", "--homedir", home, "--kill", "all");
        }
    }

    [Fact]
    public async Task Documents_with_faults_are_not_accepted_and_named_with_file_and_line()
    {
        string good = _repository.Commit("hosts/web1.yaml", TestRepository.Host(Quiet));
        GitSource source = _repository.Source(clock: _clock);
        await source.RefreshAsync(_cancellation);

        _repository.Commit("hosts/web1.yaml", TestRepository.Host("{kernelArguments: {present: quiet}}"));
        GitView view = await Later(source);
        Assert.Equal((good, "hosts/web1.yaml:4:35: error: present is no list"), (view.State.Accepted, view.Problem));
        _repository.Commit("hosts/web1.yaml", "apiVersion: [\n");
        Assert.StartsWith("hosts/web1.yaml:2:1: error: this is no YAML: ", (await Later(source)).Problem);
        _repository.Commit("hosts/web1.yaml", TestRepository.Host(Quiet));
        Assert.Null((await Later(source)).Problem);
    }

    [Fact]
    public async Task Links_and_huge_files_are_refused_and_what_is_not_read_does_not_come()
    {
        _repository.Commit("hosts/web1.yaml", TestRepository.Host(Quiet));
        File.WriteAllBytes(Path.Combine(_repository.Path, "movie.bin"), RandomBytes(4 << 20));
        _repository.CommitAll();
        GitSource source = _repository.Source(clock: _clock);
        Assert.Null((await source.RefreshAsync(_cancellation)).Problem);
        string copy = Path.Combine(_repository.Root, "var/lib/bootc/git/repository.git");
        Assert.True(Directory.EnumerateFiles(copy, "*", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length) < 1 << 20, "the large file came, too");

        File.CreateSymbolicLink(Path.Combine(_repository.Path, "hosts/evil.yaml"), "/etc/passwd");
        _repository.CommitAll();
        Assert.Equal("hosts/evil.yaml:1:1: error: this is a symbolic link, and those are not followed", (await Later(source)).Problem);
        File.Delete(Path.Combine(_repository.Path, "hosts/evil.yaml"));
        _repository.Commit("hosts/large.yaml", "# " + Convert.ToHexString(RandomBytes(1 << 20)));
        Assert.StartsWith("hosts/large.yaml:1:1: error: the file has 2097154 bytes, more than the 1048576 that are read", (await Later(source)).Problem);
    }

    [Fact]
    public async Task A_path_that_leads_out_is_refused()
    {
        // No git makes such a tree by itself.
        string blob = Peer.Run("git", ["-C", _repository.Path, "hash-object", "-w", "--stdin"], TestRepository.Host(Quiet)).Succeeded().Trim();
        string inner = MakeTree($"100644 blob {blob}\tweb1.yaml\n"), tree = MakeTree($"040000 tree {inner}\t..\n");
        string commit = _repository.Git("-c", "gpg.format=ssh", "-c", $"user.signingkey={_repository.Owner}", "commit-tree", "-S", "-m", "out", tree);
        _repository.Git("update-ref", "refs/heads/main", commit);

        GitException refused = await Assert.ThrowsAnyAsync<GitException>(() => _repository.Source().RefreshAsync(_cancellation));
        Assert.Contains("hasDotdot", refused.Message);

        string MakeTree(string entries) => Peer.Run("git", ["-C", _repository.Path, "mktree", "--missing"], entries).Succeeded().Trim();
    }

    [Fact]
    public async Task A_huge_repository_is_given_up_and_then_asked_less_often()
    {
        _repository.Git("config", "uploadpack.allowFilter", "false"); // an old server sends everything
        _repository.Commit("web1.yaml", TestRepository.Host(Quiet));
        File.WriteAllBytes(Path.Combine(_repository.Path, "huge.bin"), RandomBytes(6 << 20));
        _repository.CommitAll();
        GitSource source = _repository.Source(_repository.Settings with { MaximumMebibytes = 2 }, _clock);

        Assert.Contains("sends is larger than 2 MiB (updates.git.max_mib) (tried 1 times; the next try is at 2026-01-05 12:05 UTC)", (await Assert.ThrowsAnyAsync<GitException>(() => source.RefreshAsync(_cancellation))).Message);
        Assert.Contains("the next try is at 2026-01-05 13:10 UTC", (await Assert.ThrowsAnyAsync<GitException>(() => Later(source))).Message);
        string copy = Path.Combine(_repository.Root, "var/lib/bootc/git");
        Assert.True(Directory.EnumerateFiles(copy, "*", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length) < 5 << 20, "what is too large stays");
        Assert.Equal("quiet", (await _repository.Source(_repository.Settings with { MaximumMebibytes = 64 }).RefreshAsync(_cancellation)).Wish!.Document.KernelArguments!.Present[0]);
    }

    [Fact]
    public async Task A_repository_that_cannot_be_reached_is_asked_less_and_less_often_and_what_was_accepted_holds()
    {
        string commit = _repository.Commit("web1.yaml", TestRepository.Host(Quiet));
        GitSource source = _repository.Source(clock: _clock);
        await source.RefreshAsync(_cancellation);
        Directory.Move(_repository.Path, _repository["away"]);

        var pauses = new List<double>();
        _clock.Advance(TimeSpan.FromMinutes(5));
        for (int i = 0; i < 7; i++)
        {
            GitView view = await source.RefreshAsync(_cancellation);
            Assert.Equal((commit, "quiet"), (view.State.Accepted, view.Wish!.Document.KernelArguments!.Present[0]));
            Assert.StartsWith($"{_repository.Url} cannot be fetched: ", view.Problem);
            DateTimeOffset next = DateTimeOffset.Parse(view.Problem![^22..^5] + "Z");
            pauses.Add((next - _clock.Now).TotalMinutes);
            _clock.Advance(next - _clock.Now);
        }

        Assert.Equal([5, 10, 20, 40, 60, 60, 60], pauses);
        Directory.Move(_repository["away"], _repository.Path);
        Assert.Null((await source.RefreshAsync(_cancellation)).Problem);
    }

    [Fact]
    public async Task A_clock_that_jumps_neither_stops_nor_hurries_the_questions()
    {
        _repository.Commit("web1.yaml", TestRepository.Host(Quiet));
        GitSource source = _repository.Source(clock: _clock);
        await source.RefreshAsync(_cancellation);
        string next = _repository.Commit("web1.yaml", TestRepository.Host("{}"));

        _clock.Now += TimeSpan.FromDays(365);
        Assert.NotEqual(next, (await source.RefreshAsync(_cancellation)).State.Accepted);
        _clock.Now -= TimeSpan.FromDays(3650);
        Assert.Equal(next, (await Later(source)).State.Accepted);
    }

    [Fact]
    public async Task A_server_that_hangs_is_given_up()
    {
        using var server = new ScriptedServer(_ => new ScriptedAnswer(200, "x") { Stalls = true, BreakAfter = 0 });
        GitSource source = _repository.Source(_repository.Settings with { Url = $"http://{server.Address}/repository.git", Timeout = TimeSpan.FromSeconds(2) });

        Assert.StartsWith($"http://{server.Address}/repository.git did not answer within 2 s", (await Assert.ThrowsAnyAsync<GitException>(() => source.RefreshAsync(_cancellation))).Message);
    }

    [Fact]
    public async Task A_full_disk_is_told_of_and_tried_again()
    {
        Peer.RequireRoot("a small file system is mounted");
        _repository.Commit("web1.yaml", TestRepository.Host(Quiet));
        string state = Path.Combine(_repository.Root, "var/lib/bootc/git");
        Directory.CreateDirectory(state);
        CommandResult mount = Peer.Run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", state);
        Assert.SkipWhen(mount.ExitCode != 0, $"no file system can be mounted: {mount.Error}");
        try
        {
            string ballast = Path.Combine(state, "ballast");
            Fill(ballast);
            GitSource source = _repository.Source(clock: _clock);
            GitException full = await Assert.ThrowsAnyAsync<GitException>(() => source.RefreshAsync(_cancellation));
            Assert.Contains("No space left on device", full.Message);
            Assert.Contains("the next try is at", full.Message);
            File.Delete(ballast);
            Assert.Null((await Later(source)).Problem);
        }
        finally
        {
            Peer.Run("umount", "-l", state);
        }

        static void Fill(string path)
        {
            using FileStream file = File.Create(path, bufferSize: 0);
            try
            {
                for (byte[] block = new byte[4096]; ;)
                {
                    file.Write(block);
                }
            }
            catch (IOException)
            {
                // That is the point.
            }
        }
    }

    [Fact]
    public void Hooks_and_settings_of_the_host_and_its_users_do_not_count()
    {
        string commit = _repository.Commit("web1.yaml", TestRepository.Host(Quiet));
        string mark = _repository["mark"], home = Directory.CreateDirectory(_repository["home"]).FullName, settings = Path.Combine(_repository.Root, "etc/bootc/agent.d/git.toml");
        File.WriteAllText(Path.Combine(home, ".gitconfig"), $"[core]\n\tsshCommand = touch {mark}\n[url \"file:///nowhere/\"]\n\tinsteadOf = {_repository.Url}\n[gpg \"ssh\"]\n\tprogram = /bin/true\n");
        Directory.CreateDirectory(Path.GetDirectoryName(settings)!);
        File.WriteAllText(settings, $"[updates.git]\nurl = \"{_repository.Url}\"\nallowed_signers = \"{_repository.AllowedSigners}\"\nhost = \"web1\"\n");
        var environment = new Dictionary<string, string> { ["HOME"] = home, ["GIT_DIR"] = "/nowhere", ["GIT_CONFIG_COUNT"] = "1", ["GIT_CONFIG_KEY_0"] = "gpg.ssh.program", ["GIT_CONFIG_VALUE_0"] = "/bin/true", ["GIT_SSH_COMMAND"] = $"touch {mark}" };

        CommandResult accepted = Peer.Run(BootcProgram.Executable, ["gitops", "accept", "--sysroot", _repository.Root], null, environment);
        Assert.StartsWith($"Accepted: commit {commit} of the branch main of {_repository.Url}, signed by owner@example.com by the ED25519 key SHA256:", accepted.Succeeded());
        _repository.Commit("web1.yaml", TestRepository.Host("{}"), _repository.Stranger);
        Assert.Equal(1, Peer.Run(BootcProgram.Executable, ["gitops", "accept", "--sysroot", _repository.Root], null, environment).ExitCode);
        Assert.False(File.Exists(mark));
    }

    [Theory]
    [InlineData("ext::sh -c id")]
    [InlineData("--upload-pack=id")]
    [InlineData("ssh://-oProxyCommand=id/x")]
    [InlineData("ssh://-oProxyCommand=id@host/x")]
    [InlineData("file://elsewhere/x")]
    [InlineData("/srv/repository")]
    [InlineData("https://example.com/a b")]
    [InlineData("https://example.com/a\nb")]
    [InlineData("ftp://example.com/a")]
    public void A_place_that_is_no_repository_is_refused(string url) => Assert.NotNull(GitNames.DescribeUrl(url));

    [Theory]
    [InlineData("https://example.com/fleet.git")]
    [InlineData("https://user:token@example.com:8443/group/fleet")]
    [InlineData("ssh://git@example.com:2222/fleet.git")]
    [InlineData("git@example.com:group/fleet.git")]
    [InlineData("file:///srv/fleet.git")]
    public void A_place_is_a_repository(string url) => Assert.Null(GitNames.DescribeUrl(url));

    [Theory]
    [InlineData("-b", false)]
    [InlineData("a..b", false)]
    [InlineData("a/", false)]
    [InlineData("a.lock", false)]
    [InlineData("refs:heads", false)]
    [InlineData("release/1.2", true)]
    public void Branches_have_names(string name, bool isOne) => Assert.Equal(isOne, GitNames.DescribeBranch(name) is null);

    [Theory]
    [InlineData("../hosts", false)]
    [InlineData("a/../b", false)]
    [InlineData("/etc", false)]
    [InlineData("-x", false)]
    [InlineData(":(glob)x", false)]
    [InlineData("/", true)]
    [InlineData("hosts/production", true)]
    public void Folders_lie_within(string path, bool isOne) => Assert.Equal(isOne, GitNames.DescribePath(path) is null);

    private Task<GitView> Later(GitSource source)
    {
        _clock.Advance(TimeSpan.FromHours(1));
        return source.RefreshAsync(_cancellation);
    }

    private void SignByPgp(string home, string who, string spec)
    {
        File.WriteAllText(Path.Combine(_repository.Path, "web1.yaml"), TestRepository.Host(spec));
        _repository.Git("add", "-A");
        Peer.Run("git", ["-C", _repository.Path, "-c", $"user.name={who}", "-c", $"user.email={who}@example.com", "-c", $"user.signingkey={who}@example.com", "commit", "-q", "-S", "-m", "change"], null, new Dictionary<string, string> { ["GNUPGHOME"] = home }).Succeeded();
    }

    private string MakePgpKey(string home, string name)
    {
        Peer.Run("gpg", "--homedir", home, "--batch", "--quiet", "--passphrase", "", "--quick-generate-key", $"{name}@example.com", "ed25519", "sign", "never").Succeeded();
        string ring = _repository[$"{name}.asc"];
        Peer.Run("gpg", "--homedir", home, "--batch", "--armor", "--output", ring, "--export", $"{name}@example.com").Succeeded();
        return ring;
    }

    private static byte[] RandomBytes(int count)
    {
        byte[] bytes = new byte[count];
        new Random(1).NextBytes(bytes);
        return bytes;
    }
}
