// The keys by which commits are signed that a host accepts.
using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Bootc.Updates.Git;

/// <summary>
/// What git is told of keys while it verifies a commit: the file of SSH keys, and a home of GnuPG's with just the OpenPGP keys of the
/// settings. A kind of signature for which there are no keys has no program either.
/// </summary>
internal sealed partial class CommitKeys : IDisposable
{
    private const string Nothing = "/bin/false";
    private readonly string _home;
    private readonly GitSettings _settings;

    private CommitKeys(string home, GitSettings settings)
    {
        _home = home;
        _settings = settings;
    }

    /// <summary>What git is set to.</summary>
    public IReadOnlyList<string> Configuration =>
    [
        $"gpg.program={(_settings.GpgKeyring is null ? Nothing : "gpg")}",
        $"gpg.openpgp.program={(_settings.GpgKeyring is null ? Nothing : "gpg")}",
        $"gpg.x509.program={Nothing}",
        $"gpg.ssh.program={(_settings.AllowedSigners is null ? Nothing : "ssh-keygen")}",
        $"gpg.ssh.allowedSignersFile={_settings.AllowedSigners ?? "/dev/null"}",
        "gpg.minTrustLevel=undefined",
    ];

    /// <summary>What its environment says.</summary>
    public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string> { ["GNUPGHOME"] = _home };

    /// <summary>Makes the keys ready.</summary>
    /// <param name="home">Where GnuPG's home is while they are used.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="GitException">A file of keys is missing or malformed.</exception>
    public static async Task<CommitKeys> CreateAsync(string home, GitSettings settings, CancellationToken cancellation)
    {
        foreach (string file in new[] { settings.AllowedSigners, settings.GpgKeyring }.OfType<string>().Where(file => !File.Exists(file)))
        {
            throw new GitException($"the keys that sign commits cannot be read: {file} is not there");
        }

        var keys = new CommitKeys(home, settings);
        try
        {
            keys.Remove();
            GitStateFile.MakePrivate(home);
            if (settings.GpgKeyring is { } ring)
            {
                // Who is in the file is trusted; that is what the file is for.
                await File.WriteAllTextAsync(Path.Combine(home, "gpg.conf"), "trust-model always\nno-autostart\nno-auto-key-retrieve\nno-auto-key-locate\n", cancellation).ConfigureAwait(false);
                await ImportAsync(home, ring, cancellation).ConfigureAwait(false);
            }

            return keys;
        }
        catch
        {
            keys.Dispose();
            throw;
        }
    }

    /// <summary>Who signed, by what the program said that verified the signature; <see langword="null"/> when it named nobody.</summary>
    /// <param name="said">What <c>git verify-commit --raw</c> wrote after it succeeded: the words of ssh-keygen, or the status lines of gpg.</param>
    public string? FindSigner(string said)
    {
        string[] lines = said.Split('\n');
        if (_settings.GpgKeyring is not null && lines.Select(line => OpenPgp().Match(line)).FirstOrDefault(match => match.Success) is { } key)
        {
            return $"the OpenPGP key {key.Groups["key"].Value}";
        }

        return _settings.AllowedSigners is not null && lines.Select(line => Ssh().Match(line)).FirstOrDefault(match => match.Success) is { } principal
            ? $"{principal.Groups["who"].Value} by the {principal.Groups["kind"].Value} key {principal.Groups["key"].Value}"
            : null;
    }

    /// <summary>Why the signature of a commit is not accepted, in our own words as far as they go.</summary>
    public static string DescribeRefusal(string said)
    {
        string[] lines = [.. said.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0)];
        return lines.Any(line => line.StartsWith("[GNUPG:] REVKEYSIG ", StringComparison.Ordinal)) ? "the key that signed it is revoked"
            : lines.Any(line => line.StartsWith("[GNUPG:] EXPKEYSIG ", StringComparison.Ordinal)) ? "the key that signed it has expired"
            : lines.Any(line => line.StartsWith("[GNUPG:] BADSIG ", StringComparison.Ordinal) || line.Contains("incorrect signature", StringComparison.Ordinal)) ? "its signature is not for what it says"
            : "it is signed by no key that may sign (updates.git.allowed_signers, updates.git.gpg_keyring)";
    }

    public void Dispose() => Remove();

    private static async Task ImportAsync(string home, string ring, CancellationToken cancellation)
    {
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo("gpg", ["--homedir", home, "--batch", "--quiet", "--no-tty", "--import", "--", ring]) { RedirectStandardError = true, RedirectStandardInput = true },
        };
        try
        {
            process.Start();
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new GitException("gpg cannot be run, by which commits are verified (updates.git.gpg_keyring)", e);
        }

        process.StandardInput.Close();
        string error = await process.StandardError.ReadToEndAsync(cancellation).ConfigureAwait(false);
        await process.WaitForExitAsync(cancellation).ConfigureAwait(false);
        if (process.ExitCode != 0)
        {
            throw new GitException($"{ring} is no file of OpenPGP keys: {error.Trim().Split('\n')[^1]}");
        }
    }

    private void Remove()
    {
        if (Directory.Exists(_home))
        {
            Directory.Delete(_home, recursive: true);
        }
    }

    [GeneratedRegex(@"^\[GNUPG:\] VALIDSIG (?<key>[0-9A-F]{40,64}) ", RegexOptions.CultureInvariant)]
    private static partial Regex OpenPgp();

    [GeneratedRegex("^Good \"git\" signature for (?<who>\\S.*) with (?<kind>[A-Z0-9-]+) key (?<key>SHA256:\\S+)\\s*$", RegexOptions.CultureInvariant)]
    private static partial Regex Ssh();
}
