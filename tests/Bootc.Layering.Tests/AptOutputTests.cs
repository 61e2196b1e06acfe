// Reading what apt-get prints.
using Bootc.Layering.Apt;

namespace Bootc.Layering.Tests;

public sealed class AptOutputTests
{
    [Fact]
    public void A_simulation_has_a_line_a_package()
    {
        const string output = """
            NOTE: This is only a simulation!
            Remv old-tool [1.0-1]
            Inst libfoo1:i386 (2:1.4-1 Debian:13.1/stable [i386])
            Inst curl [8.14.1-2] (8.14.1-3 Debian-Security:13/stable-security, Debian:13.1/stable [amd64]) []
            Inst bar (1.0 Test:1/stable [all])
            Conf bar (1.0 Test:1/stable [all])
            """;

        Assert.Equal(
            [
                new PackageChange(PackageAction.Install, "bar", "all", null, "1.0"),
                new PackageChange(PackageAction.Change, "curl", "amd64", "8.14.1-2", "8.14.1-3"),
                new PackageChange(PackageAction.Install, "libfoo1", "i386", null, "2:1.4-1"),
                new PackageChange(PackageAction.Remove, "old-tool", "", "1.0-1", null),
            ],
            AptOutput.ParseSimulation(output));
    }

    [Fact]
    public void Files_have_names_sizes_and_digests()
    {
        const string output = "Package: libfoo1\nArchitecture: i386\nVersion: 2:1.4-1\nDescription: x\n Size: 1\nSize: 1234\nSHA256: abcdef\n\nPackage: given\nVersion: 1\n\n";

        var files = AptOutput.ParseRecords(output);

        Assert.Equal((1234L, "SHA256:abcdef"), Assert.Single(files, file => file.Key == AptOutput.KeyOf(new PackageChange(PackageAction.Install, "libfoo1", "i386", null, "2:1.4-1"))).Value);
        Assert.Single(files);
    }

    [Fact]
    public void The_reason_of_a_refusal_names_what_is_missing()
    {
        const string output = """
            Some packages could not be installed. This may mean that you have
            requested an impossible situation.
            The following packages have unmet dependencies:
             needy : Depends: not-there but it is not installable
            """;

        string reason = AptOutput.Reason(new SandboxResult(100, output, "E: Unable to correct problems, you have held broken packages.\n"));

        Assert.Equal("needy : Depends: not-there but it is not installable; Unable to correct problems, you have held broken packages.", reason);
    }
}
