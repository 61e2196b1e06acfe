// Reports that are written to a branch of their own.
namespace Bootc.Updates.Git;

/// <summary>
/// Writes each report as a commit that changes the file <c>status/HOST.json</c> of the branch and nothing else. Where another host was
/// faster, the commit is made anew on top of that one's; the branch is never forced.
/// </summary>
/// <param name="settings">The settings.</param>
/// <param name="folder">Where the repository for that is.</param>
internal sealed class StatusBranch(GitSettings settings, string folder) : IReportSink
{
    private const int Attempts = 10;
    private const string Fetched = "refs/bootc/status";
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    private readonly string _url = settings.StatusUrl ?? settings.Url!;
    private readonly GitProgram _git = new(folder, settings) { Address = settings.StatusUrl ?? settings.Url! };

    /// <inheritdoc/>
    public async Task SendAsync(HostReport report, CancellationToken cancellation)
    {
        await PrepareAsync(cancellation).ConfigureAwait(false);
        string path = $"status/{report.Host}.json";
        GitResult result = new(0, [], "");
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            string? parent = await FetchAsync(cancellation).ConfigureAwait(false);
            string commit = await CommitAsync(report, path, parent, cancellation).ConfigureAwait(false);
            result = await _git.RunAsync(["push", "--quiet", "--porcelain", "--no-verify", "origin", $"{commit}:refs/heads/{settings.StatusBranch}"], cancellation, isRemote: true).ConfigureAwait(false);
            if (result.ExitCode == 0)
            {
                return;
            }

            if (!IsOvertaken(result))
            {
                break;
            }

            // All hosts may want to write at once: they come back at different times.
            TimeSpan pause = FirstPause * Math.Pow(2, attempt) * (0.5 + Random.Shared.NextDouble());
            await Task.Delay(pause < LongestPause ? pause : LongestPause, cancellation).ConfigureAwait(false);
        }

        throw new GitException($"the host's status cannot be pushed to the branch {settings.StatusBranch} of {GitProgram.Describe(_url)}: {result.Complaint}");
    }

    // Rejected since the branch has moved on, or since somebody moves it just now.
    private static bool IsOvertaken(GitResult result)
    {
        string said = result.Text + result.Error;
        return said.Contains("[rejected]", StringComparison.Ordinal) || said.Contains("fetch first", StringComparison.Ordinal) || said.Contains("non-fast-forward", StringComparison.Ordinal)
            || said.Contains("cannot lock ref", StringComparison.Ordinal) || said.Contains("failed to update ref", StringComparison.Ordinal) || said.Contains("reference already exists", StringComparison.Ordinal)
            || said.Contains("incorrect old value", StringComparison.Ordinal);
    }

    private async Task PrepareAsync(CancellationToken cancellation)
    {
        if (Directory.Exists(Path.Combine(folder, "objects")))
        {
            GitResult origin = await _git.RunAsync(["config", "--get", "remote.origin.url"], cancellation).ConfigureAwait(false);
            if (origin.ExitCode == 0 && origin.Text == _url && Directory.EnumerateFiles(Path.Combine(folder, "objects"), "*", SearchOption.AllDirectories).Take(1000).Count() < 1000)
            {
                return;
            }

            Directory.Delete(folder, recursive: true); // another repository, or a heap of old reports
        }

        Directory.CreateDirectory(folder);
        await RequireAsync(["init", "--quiet", "--bare", "--template=", folder], cancellation).ConfigureAwait(false);
        await RequireAsync(["config", "remote.origin.url", _url], cancellation).ConfigureAwait(false);
    }

    private async Task<string?> FetchAsync(CancellationToken cancellation)
    {
        GitResult result = await _git.RunAsync(
            ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--depth=1", "origin", $"+refs/heads/{settings.StatusBranch}:{Fetched}"], cancellation, isRemote: true).ConfigureAwait(false);
        if (result.ExitCode == 0)
        {
            return (await RequireAsync(["rev-parse", "--verify", $"{Fetched}^{{commit}}"], cancellation).ConfigureAwait(false)).Text;
        }

        GitResult listed = await _git.RunAsync(["ls-remote", "--exit-code", "origin", $"refs/heads/{settings.StatusBranch}"], cancellation, isRemote: true).ConfigureAwait(false);
        return listed.ExitCode == 2 ? null : throw new GitException($"the branch {settings.StatusBranch} of {GitProgram.Describe(_url)} cannot be fetched: {result.Complaint}"); // 2: there is no such branch yet
    }

    private async Task<string> CommitAsync(HostReport report, string path, string? parent, CancellationToken cancellation)
    {
        string index = Path.Combine(folder, $"index.{Guid.NewGuid():N}");
        var environment = new Dictionary<string, string> { ["GIT_INDEX_FILE"] = index };
        foreach (string who in (string[])["AUTHOR", "COMMITTER"])
        {
            environment[$"GIT_{who}_NAME"] = report.Host;
            environment[$"GIT_{who}_EMAIL"] = $"bootc@{report.Host}";
        }

        try
        {
            string blob = (await RequireAsync(["hash-object", "-w", "--stdin"], cancellation, report.ToJson()).ConfigureAwait(false)).Text;
            await RequireAsync(parent is null ? ["read-tree", "--empty"] : ["read-tree", parent], cancellation, environment: environment).ConfigureAwait(false);
            await RequireAsync(["update-index", "--add", "--cacheinfo", $"100644,{blob},{path}"], cancellation, environment: environment).ConfigureAwait(false);
            string tree = (await RequireAsync(["write-tree"], cancellation, environment: environment).ConfigureAwait(false)).Text;
            byte[] message = System.Text.Encoding.UTF8.GetBytes($"{report.Host}: {report.State}\n\n{report.Message}\n");
            string[] onto = parent is null ? [] : ["-p", parent];
            return (await RequireAsync(["commit-tree", .. onto, tree], cancellation, message, environment).ConfigureAwait(false)).Text;
        }
        finally
        {
            File.Delete(index);
        }
    }

    private async Task<GitResult> RequireAsync(IReadOnlyList<string> arguments, CancellationToken cancellation, ReadOnlyMemory<byte> input = default, IReadOnlyDictionary<string, string>? environment = null)
    {
        GitResult result = await _git.RunAsync(arguments, cancellation, input, environment: environment).ConfigureAwait(false);
        return result.ExitCode == 0 ? result : throw new GitException($"the host's status cannot be written in {folder}: {result.Complaint}");
    }
}
