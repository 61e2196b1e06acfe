// The host's copy of the repository: what is needed of it, and no more.
using System.Globalization;
using System.Text;

namespace Bootc.Updates.Git;

/// <summary>
/// A bare repository that holds the commits since the one that was accepted, their folders, and those files that are read: fetched
/// shallow and partial where the server can do that. Nothing is ever checked out.
/// </summary>
/// <param name="folder">Where it is.</param>
/// <param name="settings">The settings.</param>
internal sealed class GitRepository(string folder, GitSettings settings)
{
    private const string Fetched = "refs/bootc/fetched";
    private const string AcceptedRef = "refs/bootc/accepted";
    private const string OnlyCommits = "--filter=blob:none";
    private const int MaximumPacks = 50;
    private const string FileMode = "100644";
    private const string ExecutableMode = "100755";
    private const string LinkMode = "120000";

    private readonly GitProgram _git = new(folder, settings);

    /// <summary>The URL without a password, for people.</summary>
    public string Address => GitProgram.Describe(settings.Url!);

    /// <summary>Fetches the branch.</summary>
    /// <param name="accepted">The commit that was accepted last, on which the new one must follow; <see langword="null"/> for none.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>The branch's commit.</returns>
    /// <exception cref="GitException">It cannot be had.</exception>
    public async Task<string> FetchAsync(string? accepted, CancellationToken cancellation)
    {
        await PrepareAsync(accepted, cancellation).ConfigureAwait(false);
        if (accepted is not null && !await HasCommitAsync(accepted, cancellation).ConfigureAwait(false))
        {
            await FetchAsync(["--depth=1", OnlyCommits, "origin", $"+{accepted}:{AcceptedRef}"], $"the commit {accepted[..12]} that was accepted last cannot be fetched from {Address}", cancellation).ConfigureAwait(false);
        }

        // What follows a commit that is here is few commits; of a history that is not, only the end is wanted.
        string[] depth = accepted is null ? ["--depth=1"] : [];
        await FetchAsync([.. depth, OnlyCommits, "origin", $"+refs/heads/{settings.Branch}:{Fetched}"], $"{Address} cannot be fetched", cancellation).ConfigureAwait(false);
        string tip = (await RequireAsync(["rev-parse", "--verify", "--quiet", $"{Fetched}^{{commit}}"], $"{Address} has no branch {settings.Branch}", cancellation).ConfigureAwait(false)).Text;
        return GitNames.IsObject(tip) ? tip : throw new GitException($"{Address} has no branch {settings.Branch}");
    }

    /// <summary>Whether a commit follows another, or is the same.</summary>
    public async Task<bool> IsDescendantAsync(string commit, string ancestor, CancellationToken cancellation) =>
        (await _git.RunAsync(["merge-base", "--is-ancestor", ancestor, commit], cancellation).ConfigureAwait(false)).ExitCode == 0;

    /// <summary>Who signed a commit; the settings' keys alone count.</summary>
    /// <exception cref="CommitRefusedException">None of them did.</exception>
    public async Task<string> VerifyAsync(string commit, CancellationToken cancellation)
    {
        using var keys = await CommitKeys.CreateAsync(Path.Combine(Path.GetDirectoryName(folder)!, "keys"), settings, cancellation).ConfigureAwait(false);
        GitResult result = await _git.RunAsync(["verify-commit", "--raw", commit], cancellation, configuration: keys.Configuration, environment: keys.Environment).ConfigureAwait(false);
        if (result.ExitCode == 0 && keys.FindSigner(result.Error) is { } signer)
        {
            return signer;
        }

        string content = (await RequireAsync(["cat-file", "commit", commit], $"commit {commit[..12]} cannot be read", cancellation).ConfigureAwait(false)).Text;
        bool isSigned = content.Split("\n\n")[0].Contains("\ngpgsig", StringComparison.Ordinal);
        throw new CommitRefusedException(commit, isSigned ? CommitKeys.DescribeRefusal(result.Error) : "it is not signed");
    }

    /// <summary>Keeps a commit, as the one from which later ones are fetched.</summary>
    public Task KeepAsync(string commit, CancellationToken cancellation) => RequireAsync(["update-ref", AcceptedRef, commit], $"{folder} cannot be written", cancellation);

    /// <summary>The subject of a commit and when it was made, for people.</summary>
    public async Task<(string Subject, DateTimeOffset Time)> DescribeAsync(string commit, CancellationToken cancellation)
    {
        string text = (await RequireAsync(["show", "--no-patch", "--format=%ct %s", commit], $"commit {commit} cannot be read", cancellation).ConfigureAwait(false)).Text;
        int space = text.IndexOf(' ');
        long seconds = long.TryParse(space < 0 ? text : text[..space], NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? Math.Min(number, 253_402_300_799) : 0;
        string subject = new([.. (space < 0 ? "" : text[(space + 1)..]).Where(c => !char.IsControl(c)).Take(120)]);
        return (subject, DateTimeOffset.FromUnixTimeSeconds(seconds));
    }

    /// <summary>Reads the files with documents of a commit.</summary>
    /// <exception cref="GitException">They cannot be had.</exception>
    /// <exception cref="FleetFormatException">One is a link, or too large.</exception>
    public async Task<IReadOnlyList<FleetFile>> ReadAsync(string commit, CancellationToken cancellation)
    {
        List<(string Path, string Blob)> wanted = await ListAsync(commit, cancellation).ConfigureAwait(false);
        Dictionary<string, long> sizes = await ReadSizesAsync(cancellation).ConfigureAwait(false);
        string[] missing = [.. wanted.Select(file => file.Blob).Where(blob => !sizes.ContainsKey(blob)).Distinct(StringComparer.Ordinal)];
        if (missing.Length > 0)
        {
            await FetchAsync([OnlyCommits, "--stdin", "origin"], $"the files of commit {commit[..12]} cannot be fetched from {Address}", cancellation, Lines(missing), ["fetch.negotiationAlgorithm=noop"]).ConfigureAwait(false);
            sizes = await ReadSizesAsync(cancellation).ConfigureAwait(false);
        }

        RequireSizes(commit, wanted, sizes);
        GitResult result = await RequireAsync(["cat-file", "--batch"], $"the files of commit {commit[..12]} cannot be read", cancellation, Lines(wanted.Select(file => file.Blob))).ConfigureAwait(false);
        return Split(result.Output, wanted, commit);
    }

    private async Task PrepareAsync(string? accepted, CancellationToken cancellation)
    {
        if (Directory.Exists(Path.Combine(folder, "objects")))
        {
            GitResult origin = await _git.RunAsync(["config", "--get", "remote.origin.url"], cancellation).ConfigureAwait(false);
            GitResult shallow = await _git.RunAsync(["rev-parse", "--verify", "--quiet", $"{AcceptedRef}^{{tree}}"], cancellation).ConfigureAwait(false);
            if (origin.ExitCode == 0 && origin.Text == settings.Url && (accepted is null || shallow.ExitCode == 0))
            {
                await CompactAsync(cancellation).ConfigureAwait(false);
                return;
            }

            Directory.Delete(folder, recursive: true); // another repository, or one that a power cut broke
        }

        Directory.CreateDirectory(folder);
        await RequireAsync(["init", "--quiet", "--bare", "--template=", folder], $"{folder} cannot be made a repository", cancellation).ConfigureAwait(false);
        await RequireAsync(["config", "remote.origin.url", settings.Url!], $"{folder} cannot be written", cancellation).ConfigureAwait(false);
    }

    // Each fetch leaves a file; after many of them, what is not needed goes.
    private async Task CompactAsync(CancellationToken cancellation)
    {
        string packs = Path.Combine(folder, "objects/pack");
        if (Directory.Exists(packs) && Directory.EnumerateFiles(packs, "*.pack").Count() > MaximumPacks)
        {
            await _git.RunAsync(["gc", "--quiet", "--prune=now"], cancellation).ConfigureAwait(false);
        }
    }

    private async Task<bool> HasCommitAsync(string commit, CancellationToken cancellation) =>
        (await _git.RunAsync(["rev-parse", "--verify", "--quiet", $"{AcceptedRef}^{{commit}}"], cancellation).ConfigureAwait(false)).Text == commit
        || (await _git.RunAsync(["cat-file", "-e", $"{commit}^{{tree}}"], cancellation).ConfigureAwait(false)).ExitCode == 0;

    private async Task FetchAsync(IReadOnlyList<string> arguments, string failure, CancellationToken cancellation, ReadOnlyMemory<byte> input = default, IReadOnlyList<string>? configuration = null)
    {
        GitResult result = await _git.RunAsync(["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--no-auto-maintenance", .. arguments], cancellation, input, isRemote: true, configuration).ConfigureAwait(false);
        if (result.ExitCode != 0)
        {
            throw new GitException($"{failure}: {result.Complaint}");
        }
    }

    private async Task<GitResult> RequireAsync(IReadOnlyList<string> arguments, string failure, CancellationToken cancellation, ReadOnlyMemory<byte> input = default)
    {
        GitResult result = await _git.RunAsync(arguments, cancellation, input).ConfigureAwait(false);
        return result.ExitCode == 0 ? result : throw new GitException($"{failure}: {result.Complaint}");
    }

    private async Task<List<(string Path, string Blob)>> ListAsync(string commit, CancellationToken cancellation)
    {
        string place = settings.Path.Trim('/');
        string[] below = place is "" or "." ? [] : ["--", place + "/"];
        GitResult result = await RequireAsync(["ls-tree", "-r", "-z", "--full-tree", commit, .. below], $"commit {commit[..12]} cannot be read", cancellation).ConfigureAwait(false);
        var files = new List<(string Path, string Blob)>();
        var faults = new List<FleetFault>();
        foreach (string entry in Encoding.UTF8.GetString(result.Output).Split('\0', StringSplitOptions.RemoveEmptyEntries))
        {
            int tab = entry.IndexOf('\t');
            if (tab < 0 || entry[..tab].Split(' ') is not [var mode, _, var blob])
            {
                throw new GitException($"git lists commit {commit[..12]} in a form that is not known");
            }

            string path = entry[(tab + 1)..];
            if (path.Split('/').Any(part => part is "" or "." or ".."))
            {
                faults.Add(FleetFolder.At(Show(path), "the path leads out of the repository"));
            }
            else if (mode == LinkMode && (FleetFile.Is(path) || !path.Split('/')[^1].Contains('.')))
            {
                faults.Add(FleetFolder.At(Show(path), "this is a symbolic link, and those are not followed"));
            }
            else if (mode is FileMode or ExecutableMode && FleetFile.Is(path))
            {
                files.Add((path, blob));
            }
        }

        return faults.Count > 0 ? throw new FleetFormatException(faults)
            : below.Length > 0 && result.Output.Length == 0 ? throw new GitException($"commit {commit[..12]} has no folder {place} (updates.git.path)")
            : files.Count > FleetFile.MaximumCount ? throw new GitException($"commit {commit[..12]} has {files.Count} files of documents, more than the {FleetFile.MaximumCount} that are read")
            : files;
    }

    private async Task<Dictionary<string, long>> ReadSizesAsync(CancellationToken cancellation)
    {
        GitResult result = await RequireAsync(
            ["cat-file", "--batch-all-objects", "--unordered", "--batch-check=%(objectname) %(objecttype) %(objectsize)"], $"{folder} cannot be read", cancellation).ConfigureAwait(false);
        var sizes = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (string line in result.Text.Split('\n'))
        {
            if (line.Split(' ') is [var name, "blob", var size])
            {
                sizes[name] = long.Parse(size, CultureInfo.InvariantCulture);
            }
        }

        return sizes;
    }

    private static void RequireSizes(string commit, List<(string Path, string Blob)> files, Dictionary<string, long> sizes)
    {
        long total = 0;
        var faults = new List<FleetFault>();
        foreach ((string path, string blob) in files)
        {
            long size = sizes.TryGetValue(blob, out long known) ? known : throw new GitException($"{Show(path)} of commit {commit[..12]} did not come");
            total += size;
            if (size > FleetFile.MaximumSize)
            {
                faults.Add(FleetFolder.At(Show(path), $"the file has {size} bytes, more than the {FleetFile.MaximumSize} that are read"));
            }
        }

        if (faults.Count > 0)
        {
            throw new FleetFormatException(faults);
        }

        if (total > FleetFile.MaximumTotal)
        {
            throw new GitException($"commit {commit[..12]} has {total} bytes of documents, more than the {FleetFile.MaximumTotal} that are read");
        }
    }

    // NAME blob SIZE, the content, and a line's end, for each of them.
    private static List<FleetFile> Split(byte[] output, List<(string Path, string Blob)> wanted, string commit)
    {
        var files = new List<FleetFile>(wanted.Count);
        int at = 0;
        foreach ((string path, string blob) in wanted)
        {
            int end = Array.IndexOf(output, (byte)'\n', at);
            if (end < 0 || Encoding.ASCII.GetString(output, at, end - at).Split(' ') is not [var name, "blob", var size] || name != blob || !int.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out int length) || end + 1 + length > output.Length)
            {
                throw new GitException($"{Show(path)} of commit {commit[..12]} cannot be read");
            }

            files.Add(new FleetFile(Show(path), output.AsMemory(end + 1, length)));
            at = end + 1 + length + 1;
        }

        return files;
    }

    private static string Show(string path) => new([.. path.Where(c => !char.IsControl(c))]);

    private static byte[] Lines(IEnumerable<string> lines) => Encoding.ASCII.GetBytes(string.Concat(lines.Select(line => line + "\n")));
}
