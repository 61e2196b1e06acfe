// registries.conf: which places a name leads to, and what files are refused.
using Bootc.Oci.Registry;
using Bootc.Testing;

namespace Bootc.Oci.Tests;

public sealed class RegistriesConfigTests : IDisposable
{
    private readonly TestDirectory _directory = new();

    // The example of containers-registries.conf(5).
    private const string Example = """
        unqualified-search-registries = ["example.com"]

        [[registry]]
        prefix = "example.com/foo"
        insecure = false
        blocked = false
        location = "internal-registry-for-example.com/bar"

        [[registry.mirror]]
        location = "example-mirror-0.local/mirror-for-foo"

        [[registry.mirror]]
        location = "example-mirror-1.local/mirrors/foo"
        insecure = true

        [[registry]]
        location = "registry.com"

        [[registry.mirror]]
        location = "mirror.registry.com"
        pull-from-mirror = "digest-only"

        [[registry]]
        prefix = "*.wild.example"
        insecure = true

        [[registry]]
        prefix = "deep.wild.example/one"
        location = "elsewhere.example/two"
        mirror-by-digest-only = true

        [[registry.mirror]]
        location = "digests.example"

        [[registry]]
        location = "blocked.example/a"
        blocked = true

        [aliases]
        "os" = "quay.example/org/os"
        "team/app" = "quay.example/team/app"
        """;

    private const string Digest = "@sha256:0123456789012345678901234567890123456789012345678901234567890123";

    [Theory]
    [InlineData("example.com/foo/image:latest", "example-mirror-0.local/mirror-for-foo/image:latest example-mirror-1.local/mirrors/foo/image:latest! internal-registry-for-example.com/bar/image:latest")]
    [InlineData("example.com/foobar:1", "example.com/foobar:1")]
    [InlineData("example.com/foo:1", "example-mirror-0.local/mirror-for-foo:1 example-mirror-1.local/mirrors/foo:1! internal-registry-for-example.com/bar:1")]
    [InlineData("registry.com/image:latest", "registry.com/image:latest")]
    [InlineData("registry.com/image" + Digest, "mirror.registry.com/image" + Digest + " registry.com/image" + Digest)]
    [InlineData("a.b.wild.example:5000/x:1", "a.b.wild.example:5000/x:1!")]
    [InlineData("wild.example/x:1", "wild.example/x:1")]
    [InlineData("deep.wild.example/one/x:1", "elsewhere.example/two/x:1")]
    [InlineData("deep.wild.example/one/x" + Digest, "digests.example/x" + Digest + " elsewhere.example/two/x" + Digest)]
    [InlineData("other.example/x:1", "other.example/x:1")]
    public void A_name_leads_to_mirrors_and_then_to_its_place(string name, string places)
    {
        RegistriesConfig config = Load(Example);

        IReadOnlyList<RegistryEndpoint> endpoints = config.FindEndpoints(RegistryReference.Parse(name));

        Assert.Equal(places.Split(' '), endpoints.Select(endpoint => endpoint.Location + (endpoint.Insecure ? "!" : "")));
        Assert.Equal([.. Enumerable.Repeat(true, endpoints.Count - 1), false], endpoints.Select(endpoint => endpoint.IsMirror));
    }

    [Theory]
    [InlineData("blocked.example/a/x", true)]
    [InlineData("blocked.example/ab", false)]
    public void The_longest_prefix_decides_what_is_blocked(string name, bool isBlocked) => Assert.Equal(isBlocked, Load(Example).IsBlocked(RegistryReference.Parse(name)));

    [Theory]
    [InlineData("os", "quay.example/org/os")]
    [InlineData("os:stable", "quay.example/org/os:stable")]
    [InlineData("team/app" + Digest, "quay.example/team/app" + Digest)]
    [InlineData("other:1", "example.com/other:1")]
    [InlineData("quay.io/full:1", "quay.io/full:1")]
    [InlineData("localhost/full:1", "localhost/full:1")]
    public void Short_names_stand_for_aliases_or_are_sought_in_search_registries(string name, string full)
    {
        string path = _directory.Write("registries.conf", Example);

        Assert.Equal([full], ShortNames.Resolve(name, new OciOptions { Root = "/nonexistent", RegistriesConf = path }));
    }

    [Fact]
    public void Several_search_registries_are_tried_in_order_or_refused()
    {
        string path = _directory.Write("registries.conf", "unqualified-search-registries = [\"one.example\", \"two.example:5000\"]");
        var options = new OciOptions { Root = "/nonexistent", RegistriesConf = path };

        Assert.Equal(["one.example/os:1", "two.example:5000/os:1"], ShortNames.Resolve("os:1", options));
        File.AppendAllText(path, "\nshort-name-mode = \"enforcing\"\n");
        Assert.Equal("'os:1' may be an image of any of one.example, two.example:5000 (unqualified-search-registries): name the registry as well", Assert.Throws<OciException>(() => ShortNames.Resolve("os:1", options)).Message);
    }

    [Fact]
    public void Drop_ins_count_one_after_the_other()
    {
        _directory.Write("registries.conf.d/10.conf", "credential-helpers = [\"first\"]\n[[registry]]\nprefix = \"example.com/foo\"\nlocation = \"ten.example\"\n[aliases]\n\"os\" = \"ten.example/os\"\n");
        _directory.Write("registries.conf.d/20.conf", "unqualified-search-registries = []\n[[registry]]\nprefix = \"example.com/foo\"\nlocation = \"twenty.example\"\n[aliases]\n\"team/app\" = \"\"\n");
        _directory.Write("registries.conf.d/ignored", "no configuration");

        RegistriesConfig config = Load(Example);

        Assert.Equal("twenty.example/x:1", config.FindEndpoints(RegistryReference.Parse("example.com/foo/x:1")).Single().Location.ToString());
        Assert.Equal(("ten.example/os", null), (config.FindAlias("os"), config.FindAlias("team/app")));
        Assert.Equal(["first"], config.CredentialHelpers);
        Assert.Empty(config.SearchRegistries);
    }

    [Fact]
    public void Empty_list_of_credential_helpers_leaves_the_files()
    {
        _directory.Write("registries.conf.d/10.conf", "credential-helpers = []\n");

        Assert.Equal([CredentialStore.AuthFiles], Load("credential-helpers = [\"one\", \"two\"]").CredentialHelpers);
    }

    [Fact]
    public void Version_1_is_understood()
    {
        RegistriesConfig config = Load("[registries.search]\nregistries = ['registry1.com', 'registry2.com']\n[registries.insecure]\nregistries = ['registry3.com']\n[registries.block]\nregistries = ['registry.untrusted.com']\n");

        Assert.Equal(["registry1.com", "registry2.com"], config.SearchRegistries);
        Assert.True(config.IsInsecure(RegistryReference.Parse("registry3.com/a")));
        Assert.True(config.IsBlocked(RegistryReference.Parse("registry.untrusted.com/a")));
    }

    [Theory]
    [InlineData("[[registry]]\nprefix = \"a.example\"", "the [[registry]] with the prefix 'a.example' has no location, which only one with a prefix such as *.example.com may lack")]
    [InlineData("[[registry]]\ninsecure = true", "a [[registry]] has neither prefix nor location")]
    [InlineData("[[registry]]\nlocation = \"https://a.example\"", "'https://a.example' in location is an address of the web: a host, or host and port, and perhaps a path are wanted, without https://")]
    [InlineData("[[registry]]\nprefix = \"*.a.example/b\"\nlocation = \"x\"", "the prefix '*.a.example/b' has a '*' elsewhere than in *.HOST")]
    [InlineData("[[registry]]\nprefix = \"a.*.example\"\nlocation = \"x\"", "the prefix 'a.*.example' has a '*' elsewhere than in *.HOST")]
    [InlineData("[[registry]]\nlocation = \"a.example\"\ninsecure = \"yes\"", "insecure is neither true nor false")]
    [InlineData("[[registry]]\nlocation = \"a.example\"\npull-from-mirror = \"all\"", "the [[registry]] 'a.example' has pull-from-mirror, which is a setting of its mirrors")]
    [InlineData("[[registry]]\nlocation = \"a.example\"\n[[registry.mirror]]\ninsecure = true", "a mirror of 'a.example' has no location")]
    [InlineData("[[registry]]\nlocation = \"a.example\"\n[[registry.mirror]]\nlocation = \"m.example\"\npull-from-mirror = \"never\"", "pull-from-mirror of the mirror m.example is 'never', none of all, digest-only and tag-only")]
    [InlineData("[[registry]]\nlocation = \"a.example\"\nmirror-by-digest-only = true\n[[registry.mirror]]\nlocation = \"m.example\"\npull-from-mirror = \"all\"", "'a.example' has mirror-by-digest-only and its mirror m.example pull-from-mirror; only one of them can count")]
    [InlineData("[[registry]]\nlocation = \"a.example\"\n[[registry]]\nprefix = \"b.example\"\nlocation = \"a.example\"\nblocked = true", "'a.example' stands there twice, with conflicting 'blocked'")]
    [InlineData("unqualified-search-registries = [\"a.example/b\"]", "'a.example/b' in unqualified-search-registries is no host, or host and port, of a registry")]
    [InlineData("unqualified-search-registries = \"a.example\"", "unqualified-search-registries is no list")]
    [InlineData("short-name-mode = \"loose\"", "short-name-mode is 'loose', none of enforcing, permissive and disabled")]
    [InlineData("[aliases]\n\"a.example/os\" = \"b.example/os\"", "the alias 'a.example/os' is no short name: it has a host, a tag or a digest")]
    [InlineData("[aliases]\n\"os\" = \"b.example/os:1\"", "the alias 'os' stands for 'b.example/os:1', which is no repository with its host, without tag and digest")]
    [InlineData("registry = 1", "registry is no list of tables")]
    [InlineData("unqualified-search-registries = []\n[registries.search]\nregistries = []", "it has [registries] of version 1 and unqualified-search-registries of version 2, which cannot be mixed")]
    public void What_cannot_be_meant_is_refused(string content, string fault) =>
        Assert.Equal($"{_directory["registries.conf"]}: {fault}", Assert.Throws<OciException>(() => Load(content)).Message);

    public void Dispose() => _directory.Dispose();

    private RegistriesConfig Load(string content) => RegistriesConfig.Load(new OciOptions { Root = "/nonexistent", RegistriesConf = _directory.Write("registries.conf", content) });
}
