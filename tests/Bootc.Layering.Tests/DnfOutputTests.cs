// Reading what dnf prints.
using Bootc.Layering.Rpm;

namespace Bootc.Layering.Tests;

public sealed class DnfOutputTests
{
    [Fact]
    public void A_transaction_of_dnf_5_has_a_row_a_package_and_one_for_what_it_replaces()
    {
        const string output = """
            Package                  Arch   Version    Repository         Size
            Upgrading:
             curl                    x86_64 0:8.2-1    updates         1.2 MiB
               replacing curl        x86_64 0:8.1-1    @System         1.1 MiB
            Downgrading:
             less                    x86_64 1:600-1    @commandline  300.0 KiB
               replacing less        x86_64 1:661-1    <unknown>     310.0 KiB
            Installing:
             new-tool                noarch 0:1.0-1    fedora          4.0   B
               replacing old-tool    noarch 0:0.9-1    <unknown>       4.0   B
            Installing dependencies:
             libfoo                  x86_64 2:1.4-1    fedora          4.0   B
            Removing:
             nano                    x86_64 0:8.0-1    <unknown>       4.0   B
            Installing groups:
             core                    a      b          c               d

            Transaction Summary:
             Installing:         2 packages
            """;

        Assert.Equal(
            [
                new DnfChange(new PackageChange(PackageAction.Change, "curl", "x86_64", "8.1-1", "8.2-1"), "updates"),
                new DnfChange(new PackageChange(PackageAction.Change, "less", "x86_64", "1:661-1", "1:600-1"), "@commandline"),
                new DnfChange(new PackageChange(PackageAction.Install, "libfoo", "x86_64", null, "2:1.4-1"), "fedora"),
                new DnfChange(new PackageChange(PackageAction.Remove, "nano", "", "8.0-1", null), ""),
                new DnfChange(new PackageChange(PackageAction.Install, "new-tool", "noarch", null, "1.0-1"), "fedora"),
                new DnfChange(new PackageChange(PackageAction.Remove, "old-tool", "", "0.9-1", null), ""),
            ],
            DnfOutput.ParseTransaction(output));
    }

    [Fact]
    public void A_transaction_of_dnf_4_is_read_too()
    {
        const string output = """
            Last metadata expiration check: 0:00:01 ago on Thu Nov 26 03:00:00 2026.
            Dependencies resolved.
            ================================================================================
             Package           Architecture   Version            Repository             Size
            ================================================================================
            Installing:
             hello-layer       noarch         1.0-1              test                  6.4 k
                 replacing  hello-old.noarch 0.9-1
             a-package-whose-name-is-so-long-that-it-has-a-line-of-its-own-in-the-table-of-dnf
                               noarch         1:2.0-1            test                  6.4 k
            Upgrading:
             hello-data        noarch         2.0-1              test                  6.4 k
            Removing unused dependencies:
             gone              noarch         1.0-1              @System               4

            Transaction Summary
            ================================================================================
            Install  2 Packages
            """;

        Assert.Equal(
            [
                "Install a-package-whose-name-is-so-long-that-it-has-a-line-of-its-own-in-the-table-of-dnf  1:2.0-1 test",
                "Remove gone 1.0-1  ",
                "Change hello-data  2.0-1 test",
                "Install hello-layer  1.0-1 test",
                "Remove hello-old 0.9-1  ",
            ],
            DnfOutput.ParseTransaction(output).Select(change => $"{change.Change.Action} {change.Change.Name} {change.Change.Before} {change.Change.After} {change.Repository}"));
    }

    [Fact]
    public void Files_have_sizes_and_what_tells_builds_apart()
    {
        const string output = "hello|0:1.0-1|noarch|test|6568|1795663182\n\nhello|1:1.0-1|noarch|other|7|1795663183\nnot a line\n";

        var files = DnfOutput.ParseFiles(output);

        Assert.Equal(["hello 1.0-1 noarch test", "hello 1:1.0-1 noarch other"], files.Keys.Order(StringComparer.Ordinal));
        Assert.Equal((6568L, "built:1795663182,size:6568"), files["hello 1.0-1 noarch test"]);
    }

    [Fact]
    public void The_reason_of_a_refusal_is_dnfs_own_without_its_advice()
    {
        const string error = """
            Updating and loading repositories:
             Test                                   100% | 624.5 KiB/s |   2.5 KiB |  00m00s
            Repositories loaded.
            Failed to resolve the transaction:
            Problem: conflicting requests
              - nothing provides nowhere needed by needy-1.0-1.noarch from test
            You can try to add to command line:
              --skip-broken to skip uninstallable packages
            """;

        Assert.Equal("Problem: conflicting requests; nothing provides nowhere needed by needy-1.0-1.noarch from test", DnfOutput.Reason(new SandboxResult(1, "", error)));
    }

    [Theory]
    [InlineData("OpenPGP check for package \"a-1.0-1.noarch\" (/var/cache/libdnf5/test-1/packages/a-1.0-1.noarch.rpm) from repo \"test\" has failed: Import of the key didn't help, wrong key?\n", "a-1.0-1.noarch", "/var/cache/libdnf5/test-1/packages/a-1.0-1.noarch.rpm")]
    [InlineData("Public key for a-1.0-1.noarch.rpm is not installed. Failing package is: a-1.0-1.noarch\n GPG Keys are configured as: file:///x\n", "a-1.0-1.noarch", null)]
    [InlineData("Package a-1.0-1.noarch.rpm is not signed\n", "a-1.0-1.noarch.rpm", null)]
    public void A_package_that_is_refused_is_named(string error, string package, string? path)
    {
        DnfRefusal? refused = DnfOutput.FindRefusal(new SandboxResult(1, "", error));

        Assert.Equal(new DnfRefusal(package, path), refused);
    }

    [Fact]
    public void The_key_of_a_package_is_told()
    {
        const string output = "a.rpm:\n    Header OpenPGP V4 EdDSA/SHA512 signature, key ID d07c3e6301b5910e: NOKEY\n    Header SHA256 digest: OK\n";

        Assert.Equal("d07c3e6301b5910e", DnfOutput.FindKey(new SandboxResult(1, output, "")));
        Assert.Null(DnfOutput.FindKey(new SandboxResult(0, "a.rpm: digests OK\n", "")));
    }

    [Theory]
    [InlineData(1, "Operation aborted by the user.\n", false)] // dnf 5, told to do nothing
    [InlineData(1, "Operation aborted.\n", false)] // dnf 4
    [InlineData(0, "Error: Operation aborted.\n", false)] // its shell
    [InlineData(0, "No match for argument: a\nError: Unable to find a match: a\n", true)]
    [InlineData(0, "\n Problem: conflicting requests\n  - nothing provides b needed by a\n", true)]
    [InlineData(1, "Failed to resolve the transaction:\nProblem: conflicting requests\n", true)]
    [InlineData(1, "something else\n", true)]
    [InlineData(0, "Nothing to do.\n", false)]
    public void What_is_a_failure(int exitCode, string error, bool isFailure)
    {
        Assert.Equal(isFailure, DnfOutput.HasFailed(new SandboxResult(exitCode, "", error)));
    }
}
