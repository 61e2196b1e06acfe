// Versions are compared as rpm does, and lists of updates are read as far as they go.
using System.Text;
using Bootc.Import.Packages;
using Bootc.Layering.Rpm;
using Bootc.Testing;

namespace Bootc.Layering.Tests;

public sealed class RpmVersionTests
{
    private static readonly string[] s_versions =
    [
        "1.0-1", "1.0-2", "1.0.1-1", "1.0~rc1-1", "1.0~~-1", "1.0^git1-1", "1.0^-1", "1.0^20260101~x-1", "1.0a-1", "1.0.a-1", "1.0aa-1", "1.0B-1", "10-1", "010-1", "1-1", "1_0-1",
        "2:0.1-1", "1:1.0-1", "0:1.0-1", "1.0-1.fc42", "1.0-1.fc41", "1.0-1.el9_4", "99999999999999999999-1", "100000000000000000000-1", "1..0-1", "a-1", "-1", "~-1", "^-1",
    ];

    [Fact]
    public void Versions_are_ordered_as_rpm_orders_them()
    {
        Oracle.Require("rpm");
        string list = string.Join(", ", s_versions.Select(version => $"'{version}'"));

        string said = Oracle.Run("rpm", "--eval", $"%{{lua: local t = {{{list}}} for _, a in ipairs(t) do for _, b in ipairs(t) do print(a .. ' ' .. b .. ' ' .. rpm.vercmp(a, b)) print('\\n') end end}}").Succeeded();

        Assert.Equal(
            said.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            s_versions.SelectMany(a => s_versions.Select(b => $"{a} {b} {Math.Sign(RpmVersion.Compare(a, b))}")));
    }

    [Theory]
    [InlineData("1.0-1", "1.1-1", "", true)]
    [InlineData("1.0-1", "1.0.9-1", "", true)]
    [InlineData("1.0.9-1", "1.1-1", "", false)] // has the fix
    [InlineData("1.0-1", "1.0.8-1", "", false)] // does not get it
    [InlineData(null, "1.0.9-1", "", true)]
    [InlineData(null, "1.1-1", "", false)]
    [InlineData("1.0-1", "1.1-1", "<module name=\"m\" stream=\"1\" version=\"1\" context=\"c\" arch=\"noarch\"/>", false)]
    public void A_fix_counts_where_the_version_before_lacks_it(string? before, string after, string module, bool isFix)
    {
        var package = new Package("a", after, "noarch");
        string list = $"<updates><update type=\"security\"><pkglist><collection>{module}<package name=\"a\" version=\"1.0.9\" release=\"1\" epoch=\"0\" arch=\"noarch\"/></collection></pkglist></update></updates>";
        var found = new HashSet<Package>();

        SecurityAdvisories.Read(new MemoryStream(Encoding.UTF8.GetBytes(list)), new[] { (before is null ? (Package?)null : package with { Version = before }, package) }.ToLookup(pair => (pair.package.Name, pair.package.Architecture)), found);

        Assert.Equal(isFix, found.Contains(package));
    }

    [Theory]
    [InlineData("<updates><update type=\"security\">")]
    [InlineData("no list")]
    [InlineData("")]
    public void A_damaged_list_is_an_error_that_names_it(string content)
    {
        using var cache = new TestDirectory("updates");
        cache.Write("test-0123456789abcdef/repodata/x-updateinfo.xml", content);

        string error = Assert.Throws<LayeringException>(() => SecurityAdvisories.Find(cache["."], [(null, new Package("a", "1-1", "noarch"))], "/", TestContext.Current.CancellationToken)).Message;

        Assert.Contains("x-updateinfo.xml cannot be read", error);
    }
}
