// Completion, in the shells themselves.
using Bootc.Testing;

namespace Bootc.Cli.Tests;

public class CompletionTests
{
    // What is typed, and what the shell offers.
    public static TheoryData<string, string[]> Lines => new()
    {
        { "bootc s", ["status", "switch"] },
        { "bootc internals composefs m", ["measure", "mkfs"] },
        { "bootc upgrade --d", ["--download-only"] },
        { "bootc switch --transport oci", ["oci", "oci-archive"] },
        { "bootc status --format j", ["json"] },
        { "bootc completion z", ["zsh"] },
    };

    [Theory]
    [MemberData(nameof(Lines))]
    public void Bash(string line, string[] offered)
    {
        Peer.Require("bash");

        Assert.Equal(offered, Complete("bash", """
            source <("$BOOTC" completion bash)
            COMP_LINE=$LINE COMP_POINT=${#LINE}
            COMP_WORDS=($LINE)
            _bootc
            printf '%s\n' "${COMPREPLY[@]}"
            """, line));
    }

    [Theory]
    [MemberData(nameof(Lines))]
    public void Fish(string line, string[] offered)
    {
        Peer.Require("fish");

        Assert.Equal(offered, Complete("fish", """
            $BOOTC completion fish | source
            complete -C "$LINE"
            """, line));
    }

    // compadd and its like are there only while a line is edited: these stand in and print what they are given.
    [Theory]
    [MemberData(nameof(Lines))]
    public void Zsh(string line, string[] offered)
    {
        Peer.Require("zsh");

        Assert.Equal(offered, Complete("zsh", """
            compdef() { }
            compadd() { print -l -- ${(M)${(P)2}:#${words[CURRENT]}*} }
            _files() { print files }
            eval "$("$BOOTC" completion zsh)"
            words=(${(z)LINE}) CURRENT=${#words}
            _bootc
            """, line));
    }

    [Fact]
    public void Bash_completes_the_value_behind_an_equals_sign() => Assert.Equal(["yaml"], Complete("bash", """
        source <("$BOOTC" completion bash)
        COMP_LINE=$LINE COMP_POINT=${#LINE} COMP_WORDS=(bootc status --format = ya)
        _bootc
        printf '%s\n' "${COMPREPLY[@]}"
        """, "bootc status --format=ya"));

    [Fact]
    public void Bash_is_left_to_complete_file_names() => Assert.Equal([], Complete("bash", """
        source <("$BOOTC" completion bash)
        COMP_LINE=$LINE COMP_POINT=${#LINE} COMP_WORDS=($LINE)
        _bootc
        printf '%s\n' "${COMPREPLY[@]}"
        """, "bootc status --sysroot /e"));

    [Fact]
    public void Fish_completes_file_names()
    {
        Peer.Require("fish");

        Assert.Contains("/etc/", Complete("fish", """
            $BOOTC completion fish | source
            complete -C "$LINE"
            """, "bootc status --sysroot /e"));
    }

    [Fact]
    public void Fish_completes_the_value_behind_an_equals_sign()
    {
        Peer.Require("fish");

        Assert.Equal(["--format=yaml"], Complete("fish", """
            $BOOTC completion fish | source
            complete -C "$LINE"
            """, "bootc status --format=y"));
    }

    // The executable is found on the PATH, as it is by users.
    private static string[] Complete(string shell, string script, string line)
    {
        using var home = new TestDirectory("home");
        CommandResult result = Peer.Run(shell, ["-c", script], input: null, new Dictionary<string, string>
        {
            ["BOOTC"] = CliHost.Executable,
            ["LINE"] = line,
            ["HOME"] = home.Path,
            ["PATH"] = $"{AppContext.BaseDirectory}:{Environment.GetEnvironmentVariable("PATH")}",
        });
        return [.. result.Succeeded().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(offer => offer.Split('\t')[0]).Order(StringComparer.Ordinal)];
    }
}
