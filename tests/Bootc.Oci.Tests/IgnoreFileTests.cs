// What .containerignore and .dockerignore leave out, as Docker and podman understand them.
using Bootc.Oci.Engine;

namespace Bootc.Oci.Tests;

public class IgnoreFileTests
{
    [Theory]
    [InlineData("*.log", "a.log", true)]
    [InlineData("*.log", "dir/a.log", false)]
    [InlineData("**/*.log", "dir/deep/a.log", true)]
    [InlineData("**/*.log", "a.log", true)]
    [InlineData("/bin", "bin", true)]
    [InlineData("bin/", "bin/x/y", true)]
    [InlineData("bin", "sub/bin", false)]
    [InlineData("**/bin", "sub/bin/x", true)]
    [InlineData("a/**", "a/b/c", true)]
    [InlineData("a/**", "a", false)]
    [InlineData("a/**/c", "a/c", true)]
    [InlineData("a/**/c", "a/b/d/c", true)]
    [InlineData("file?", "file1", true)]
    [InlineData("file?", "file10", false)]
    [InlineData("file[0-9]", "file7", true)]
    [InlineData("file[^0-9]", "file7", false)]
    [InlineData("a.b", "axb", false)]
    [InlineData("./a/../b", "b", true)]
    [InlineData("\\*", "*", true)]
    [InlineData("\\*", "x", false)]
    [InlineData("*\n!keep", "keep", false)]
    [InlineData("*\n!keep", "other", true)]
    [InlineData("*\n!keep", "keep/inside", false)]
    [InlineData("dir\n!dir/keep", "dir/keep", false)]
    [InlineData("dir\n!dir/keep", "dir/other", true)]
    [InlineData("!keep\n*", "keep", true)]
    [InlineData("# *\n\n  \nx", "y", false)]
    [InlineData("  x  ", "x", true)]
    public void Patterns_mean_what_they_mean_elsewhere(string lines, string name, bool isIgnored) =>
        Assert.Equal(isIgnored, IgnoreFile.Parse(lines.Split('\n'), "test").Ignores(name));

    [Theory]
    [InlineData("a[z-a]")]
    [InlineData("!")]
    public void Malformed_patterns_are_named(string line) =>
        Assert.StartsWith("the file: '", Assert.Throws<EngineException>(() => IgnoreFile.Parse([line], "the file")).Message);
}
