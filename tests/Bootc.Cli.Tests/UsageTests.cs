// Help, and what users see when they mistype.
using Bootc.Testing;

namespace Bootc.Cli.Tests;

public class UsageTests
{
    [Theory]
    [InlineData("help", "--help")]
    [InlineData("help-switch", "switch", "--help")]
    [InlineData("help-upgrade", "update", "-h")]
    [InlineData("help-kargs", "kargs", "-h")]
    [InlineData("help-config-diff", "config-diff", "-h")]
    [InlineData("help-usr-overlay", "usroverlay", "-h")]
    [InlineData("help-install", "install", "--help")]
    [InlineData("help-install-to-disk", "install", "to-disk", "--help")]
    [InlineData("help-initramfs-enable", "initramfs", "enable", "--help")]
    [InlineData("help-initramfs-etc", "initramfs-etc", "--help")]
    [InlineData("help-package", "package", "--help")]
    [InlineData("help-package-apply-live", "package", "apply-live", "--help")]
    [InlineData("help-package-diff", "package", "diff", "--help")]
    [InlineData("help-package-install", "package", "install", "--help")]
    [InlineData("help-package-search", "package", "search", "--help")]
    [InlineData("help-image", "image", "--help")]
    [InlineData("help-image-build", "image", "build", "--help")]
    [InlineData("help-image-pull", "image", "pull", "--help")]
    [InlineData("help-image-push", "image", "push", "--help")]
    [InlineData("help-image-rm", "image", "rm", "--help")]
    [InlineData("help-image-verify", "image", "verify", "--help")]
    [InlineData("help-internals", "internals", "--help")]
    public void Help(string golden, params string[] arguments) => Golden.Check(golden, CliHost.Bootc(arguments).Succeeded());

    [Fact]
    public void Without_arguments_the_help_is_an_error()
    {
        CommandResult result = CliHost.Bootc();

        Assert.Equal((2, "", CliHost.Bootc("--help").Output), (result.ExitCode, result.Output, result.Error));
    }

    [Fact]
    public void Version() => Assert.Matches("^bootc [0-9]+\\.[0-9]+\\.[0-9]+\n$", CliHost.Bootc("--version").Succeeded());

    [Theory]
    [InlineData("swich x", "'bootc' has no command 'swich'; did you mean 'switch'?", "bootc")]
    [InlineData("frobnicate", "'bootc' has no command 'frobnicate'", "bootc")]
    [InlineData("internals", "'bootc internals' needs a command: init-sysroot, finalize-staged, boot-complete, follow-entries, systemd-generator, health-check, fsck, composefs, fsverity, ostree-container, seal, sigstore, commit-signature, man", "bootc internals")]
    [InlineData("internals composef", "'bootc internals' has no command 'composef'; did you mean 'composefs'?", "bootc internals")]
    [InlineData("switch", "IMAGE is missing: bootc switch [OPTION]... IMAGE", "bootc switch")]
    [InlineData("switch --retian x", "'bootc switch' has no option '--retian'; did you mean '--retain'?", "bootc switch")]
    [InlineData("switch a b", "'b' is one argument too many", "bootc switch")]
    [InlineData("switch --transport ocl x", "--transport is one of registry, containers-storage, oci, oci-archive, docker-archive, dir, docker-daemon, not 'ocl'; did you mean 'oci'?", "bootc switch")]
    [InlineData("upgrade --tag", "--tag needs a value: --tag T", "bootc upgrade")]
    [InlineData("upgrade --sysrot=/", "'bootc upgrade' has no option '--sysrot'; did you mean '--sysroot'?", "bootc upgrade")]
    [InlineData("upgrade --check --apply", "--check and --apply exclude each other", "bootc upgrade")]
    [InlineData("upgrade --check --download-only", "--check and --download-only exclude each other", "bootc upgrade")]
    [InlineData("upgrade --download-only --apply", "--download-only and --apply exclude each other", "bootc upgrade")]
    [InlineData("upgrade --progress-fd three", "--progress-fd takes a number, not 'three'", "bootc upgrade")]
    [InlineData("status --format xml", "--format is one of human, yaml, json, humanreadable, not 'xml'", "bootc status")]
    [InlineData("status --format-version 2", "--format-version: the only version of the document is 1", "bootc status")]
    public void Mistakes_are_explained_in_one_line(string line, string error, string command)
    {
        CommandResult result = CliHost.Bootc(line.Split(' '));

        Assert.Equal((2, "", $"error: {error}\nTry '{command} --help'.\n"), (result.ExitCode, result.Output, result.Error));
    }

    [Theory]
    [InlineData("status --sysroot /proc/none", "there is no sysroot at /proc/none: cannot open directory '/proc/none': No such file or directory (ENOENT)")]
    [InlineData("switch oci:/some/where:tag", "'oci:/some/where:tag' is no name in a registry: its place is said by '--transport oci /some/where:tag'")]
    [InlineData("switch containers-storage:localhost/os", "'containers-storage:localhost/os' is no name in a registry: its place is said by '--transport containers-storage localhost/os'")]
    [InlineData("switch docker-daemon:os:1", "'docker-daemon:os:1' is no name in a registry: its place is said by '--transport docker-daemon os:1'")]
    [InlineData("image push --source oci:/x --target os:1", "'os:1' does not say which registry: name its host, as in docker.io/library/os:1")]
    [InlineData("image push --source oci:/x --target oci:/y", "'oci:/y' is no name in a registry, and images are pushed to registries alone")]
    [InlineData("image push --source oci:/x --target registry.example.com/OS", "'registry.example.com/OS' is no image name: repositories are lower-case")]
    [InlineData("image build --build-arg =x /tmp", "--build-arg '=x' names no argument: NAME=VALUE is wanted")]
    [InlineData("switch ostree-unverified-registry:registry.example.com/os", "'ostree-unverified-registry:registry.example.com/os' says how the image is verified, which IMAGE does not: name the image alone")]
    [InlineData("switch registry:registry.example.com/os", "'registry:registry.example.com/os' is no image name: 'registry:registry.example.com' is no host, or host and port, of a registry")]
    [InlineData("internals composefs dump /proc/none", "'/proc/none' is not there")]
    [InlineData("internals composefs measure /etc", "'/etc' is a directory, and only a file's content has an fs-verity digest")]
    public void Failures_are_explained_in_one_line(string line, string error)
    {
        CommandResult result = CliHost.Bootc(line.Split(' '));

        Assert.Equal((1, "", $"error: {error}\n"), (result.ExitCode, result.Output, result.Error));
    }
}
