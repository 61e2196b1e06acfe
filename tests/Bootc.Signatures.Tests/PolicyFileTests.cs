// Policies are read whole and strictly, and the narrowest scope holds.
using System.Text;
using Bootc.Oci;
using Bootc.Signatures.Policy;
using Bootc.Testing;

namespace Bootc.Signatures.Tests;

public sealed class PolicyFileTests
{
    private const string Accept = """[{"type":"insecureAcceptAnything"}]""";

    [Fact]
    public void Policy_of_containers_image_is_read()
    {
        ContainersPolicy policy = ContainersPolicy.TryLoad(TestData.Get("signatures/policy.json"))!;

        Assert.Equal("the default: reject", Show(policy, "oci:/anywhere"));
        Assert.Equal("all of dir: insecureAcceptAnything", Show(policy, "dir:/anywhere"));
        Assert.Equal("docker example.com/production: signedBy GPGKeys of /keys/employee-gpg-keyring, for the very name, or the repository of an image by digest", Show(policy, "docker://example.com/production/app:1"));
        Assert.Equal(
            "docker example.com/hardened: signedBy GPGKeys of /keys/employee-gpg-keyring, for the repository | signedBy signedByGPGKeys of /keys/public-key-signing-gpg-keyring, for the very name | signedBaseLayer",
            Show(policy, "docker://example.com/hardened"));
        Assert.Equal("docker private-mirror:5000/vendor-mirror: signedBy GPGKeys of /keys/vendor-gpg-keyring, for the name with vendor.example.com instead of private-mirror:5000/vendor-mirror", Show(policy, "docker://private-mirror:5000/vendor-mirror/a/b:c"));
        Assert.StartsWith("docker *.access.redhat.com: ", Show(policy, "docker://sub.access.redhat.com/x"));
        Assert.StartsWith("docker *.redhat.com: ", Show(policy, "docker://other.redhat.com:443/x"));
        Assert.StartsWith("docker *.com: ", Show(policy, "docker://example.com/elsewhere"));
        Assert.Equal("docker example.com/sigstore/key-path-example: sigstoreSigned by /keys/public-key, for the repository", Show(policy, "docker://example.com/sigstore/key-path-example"));
    }

    [Theory]
    [InlineData("docker://example.com/ns/app:1", "example.com/ns/app:1")]
    [InlineData("docker://example.com/ns/app", "example.com/ns/app:latest")]
    [InlineData("docker://example.com/ns/app:2", "example.com/ns/app")]
    [InlineData("docker://example.com/ns/other", "example.com/ns")]
    [InlineData("docker://example.com/nsx/other", "example.com")]
    [InlineData("docker://example.com:5000/ns/app", "example.com:5000")]
    [InlineData("docker://example.com:5001/ns/app", "*.com")]
    [InlineData("docker://busybox", "docker.io/library/busybox")]
    [InlineData("docker://docker.io/busybox", "docker.io/library/busybox")]
    [InlineData("docker://localhost/x", "all")]
    public void Narrowest_scope_of_a_registry_holds(string image, string scope)
    {
        string[] scopes = ["example.com/ns/app:1", "example.com/ns/app:latest", "example.com/ns/app", "example.com/ns", "example.com", "example.com:5000", "*.com", "docker.io/library/busybox", ""];
        string json = $$$"""{"default":{{{Accept}}},"transports":{"docker":{ {{{string.Join(',', scopes.Select(name => $"\"{name}\":{Accept}"))}}} } } }""";

        Assert.Equal(scope == "all" ? "all of docker" : $"docker {scope}", Parse(json).Find(ImageReference.Parse(image)).Scope);
    }

    // A narrower scope may reject what the wider one accepts.
    [Fact]
    public void Image_of_a_storage_by_a_short_name_is_refused_where_scopes_could_mean_it()
    {
        using var directory = new TestDirectory();
        var image = ImageReference.Parse($"containers-storage:[overlay@{directory.Path}]os");
        ContainersPolicy wide = ContainersPolicy.Parse("""{"default":[{"type":"reject"}],"transports":{"containers-storage":{"":[{"type":"insecureAcceptAnything"}]}}}"""u8.ToArray(), "policy.json");
        ContainersPolicy narrow = ContainersPolicy.Parse("""{"default":[{"type":"insecureAcceptAnything"}],"transports":{"containers-storage":{"[overlay@/var/lib/containers/storage]":[{"type":"reject"}]}}}"""u8.ToArray(), "policy.json");

        Assert.Equal("all of containers-storage", wide.Find(image).Scope);
        Assert.StartsWith($"policy.json means images of containers-storage by stores and names ([overlay@/var/lib/containers/storage]), and which of them '{image.Name}' is depends", Assert.Throws<PolicyFormatException>(() => narrow.Find(image)).Message);
    }

    [Fact]
    public void Scope_of_a_path_is_where_it_really_is()
    {
        using var directory = new TestDirectory();
        Directory.CreateDirectory(directory["real/image"]);
        Directory.CreateSymbolicLink(directory["link"], "real/../real");
        string json = $$$"""{"default":[{"type":"reject"}],"transports":{"dir":{"{{{directory["real"]}}}":{{{Accept}}} },"oci":{"{{{directory["real/image"]}}}":{{{Accept}}} } } }""";
        ContainersPolicy policy = Parse(json);

        Assert.Equal($"dir {directory["real"]}", policy.Find(ImageReference.Parse($"dir:{directory["link"]}/image")).Scope);
        Assert.Equal($"oci {directory["real/image"]}", policy.Find(ImageReference.Parse($"oci:{directory["link"]}/image:tag")).Scope);
        Assert.Equal("the default", policy.Find(ImageReference.Parse($"dir:{directory.Path}")).Scope);
    }

    [Theory]
    [InlineData("{}", "'default' is missing")]
    [InlineData("[]", "the document is no object")]
    [InlineData("""{"default":[]}""", "'default' has no requirements")]
    [InlineData("""{"default":{}}""", "'default' has no requirements")]
    [InlineData("""{"default":ACCEPT,"unknown":1}""", "the key 'unknown' is not known")]
    [InlineData("""{"default":ACCEPT,"default":ACCEPT}""", "uplicate")]
    [InlineData("""{"default":ACCEPT} {}""", "invalid after a single JSON value")]
    [InlineData("""{"default":ACCEPT,"transports":{"dir":{"relative":ACCEPT}}}""", "'transports.dir.\"relative\"' is no scope: it is no absolute path")]
    [InlineData("""{"default":ACCEPT,"transports":{"oci":{"/":ACCEPT}}}""", "all is meant by the scope")]
    [InlineData("""{"default":ACCEPT,"transports":{"oci-archive":{"/a//b":ACCEPT}}}""", "doubled slashes")]
    [InlineData("""{"default":ACCEPT,"transports":{"docker-archive":{"a":ACCEPT}}}""", "has no scope but")]
    [InlineData("""{"default":ACCEPT,"transports":{"containers-storage":{"a":ACCEPT}}}""", "store in brackets")]
    [InlineData("""{"default":[{}]}""", "'default[0].type' is missing")]
    [InlineData("""{"default":[{"type":"signed"}]}""", "'default[0].type' is 'signed', which is no type of requirement")]
    [InlineData("""{"default":[{"type":"reject","keyPath":"/k"}]}""", "the key 'default[0].keyPath' is not known")]
    [InlineData("""{"default":[{"type":"signedBy","keyType":"GPGKeys"}]}""", "none of keyPath, keyPaths or keyData")]
    [InlineData("""{"default":[{"type":"signedBy","keyType":"PGP","keyPath":"/k"}]}""", "none of GPGKeys")]
    [InlineData("""{"default":[{"type":"signedBy","keyType":"GPGKeys","keyPath":"/k","keyData":"YQ=="}]}""", "more than one of keyPath, keyPaths, keyData")]
    [InlineData("""{"default":[{"type":"signedBy","keyType":"GPGKeys","keyDatas":["YQ=="]}]}""", "none of keyPath, keyPaths or keyData")]
    [InlineData("""{"default":[{"type":"sigstoreSigned"}]}""", "none of keyPath, keyPaths, keyData, keyDatas, fulcio or pki")]
    [InlineData("""{"default":[{"type":"sigstoreSigned","keyPath":"/k","keyPaths":["/k"]}]}""", "more than one of")]
    [InlineData("""{"default":[{"type":"sigstoreSigned","keyPaths":[]}]}""", "'default[0].keyPaths' is no list, or an empty one")]
    [InlineData("""{"default":[{"type":"sigstoreSigned","keyData":"not base64"}]}""", "'default[0].keyData' is no base64")]
    [InlineData("""{"default":[{"type":"sigstoreSigned","keyPath":7}]}""", "'default[0].keyPath' is no text")]
    [InlineData("""{"default":[{"type":"sigstoreSigned","keyPath":"/k","signedIdentity":{"type":"matchAll"}}]}""", "no type of identity")]
    [InlineData("""{"default":[{"type":"sigstoreSigned","keyPath":"/k","signedIdentity":{"type":"matchExact","extra":1}}]}""", "the key 'default[0].signedIdentity.extra' is not known")]
    [InlineData("""{"default":[{"type":"sigstoreSigned","keyPath":"/k","signedIdentity":{"type":"exactReference","dockerReference":"example.com/x"}}]}""", "neither a tag nor a digest")]
    [InlineData("""{"default":[{"type":"sigstoreSigned","keyPath":"/k","signedIdentity":{"type":"exactRepository","dockerRepository":"UPPER"}}]}""", "is malformed")]
    [InlineData("""{"default":[{"type":"sigstoreSigned","keyPath":"/k","signedIdentity":{"type":"remapIdentity","prefix":"a b","signedPrefix":"c"}}]}""", "'default[0].signedIdentity.prefix' is neither")]
    [InlineData("""{"default":[{"type":"sigstoreSigned","fulcio":{"caPath":"/c","oidcIssuer":"i","subjectEmail":"e"}}]}""", "fulcio without a rekorPublicKey")]
    [InlineData("""{"default":[{"type":"sigstoreSigned","fulcio":{"caPath":"/c","oidcIssuer":"","subjectEmail":"e"},"rekorPublicKeyPath":"/r"}]}""", "'default[0].fulcio.oidcIssuer' is empty")]
    [InlineData("""{"default":[{"type":"sigstoreSigned","pki":{"caRootsPath":"/c"}}]}""", "none of subjectEmail or subjectHostname")]
    [InlineData("""{"default":[{"type":"sigstoreSigned","pki":{"caRootsPath":"/c","subjectEmail":"e"},"rekorPublicKeyPath":"/r"}]}""", "do not go together")]
    [InlineData("""{"default":[{"type":"sigstoreSigned","keyPath":"/k","rekorPublicKeyPath":"/r","rekorPublicKeyData":"YQ=="}]}""", "more than one of rekorPublicKeyPath")]
    public void What_is_not_understood_is_an_error(string json, string reason)
    {
        var refusal = Assert.Throws<PolicyFormatException>(() => Parse(json.Replace("ACCEPT", Accept)));

        Assert.StartsWith("policy.json is malformed, so nothing may be used: ", refusal.Message);
        Assert.Contains(reason, refusal.Message);
    }

    [Theory]
    [InlineData("matchExact", "example.com/a:1", "example.com/a:1", true)]
    [InlineData("matchExact", "example.com/a:1", "example.com/a:2", false)]
    [InlineData("matchExact", "example.com/a", "example.com/a:latest", true)]
    [InlineData("matchExact", "example.com/a", "example.com/a", false)]
    [InlineData("matchExact", "busybox", "docker.io/library/busybox:latest", true)]
    [InlineData("matchRepoDigestOrExact", "example.com/a:1", "example.com/a:1", true)]
    [InlineData("matchRepoDigestOrExact", "example.com/a:1", "example.com/a", false)]
    [InlineData("matchRepoDigestOrExact", "example.com/a@DIGEST", "example.com/a:1", true)]
    [InlineData("matchRepoDigestOrExact", "example.com/a@DIGEST", "example.com/a", false)]
    [InlineData("matchRepoDigestOrExact", "example.com/a@DIGEST", "example.com/b:1", false)]
    [InlineData("matchRepository", "example.com/a:1", "example.com/a", true)]
    [InlineData("matchRepository", "example.com/a:1", "example.com/a:2", true)]
    [InlineData("matchRepository", "example.com/a:1", "example.com/A:2", false)]
    [InlineData("matchRepository", "example.com/a:1", "example.com/ab", false)]
    [InlineData("exactReference\",\"dockerReference\":\"example.org/x:1", "example.com/a:1", "example.org/x:1", true)]
    [InlineData("exactReference\",\"dockerReference\":\"example.org/x:1", "example.com/a:1", "example.org/x:2", false)]
    [InlineData("exactRepository\",\"dockerRepository\":\"example.org/x", "example.com/a:1", "example.org/x", true)]
    [InlineData("exactRepository\",\"dockerRepository\":\"example.org/x", "example.com/a:1", "example.org/x/y", false)]
    [InlineData("remapIdentity\",\"prefix\":\"example.com\",\"signedPrefix\":\"example.org/m", "example.com/a:1", "example.org/m/a:1", true)]
    [InlineData("remapIdentity\",\"prefix\":\"example.com\",\"signedPrefix\":\"example.org/m", "example.com/a:1", "example.com/a:1", false)]
    [InlineData("remapIdentity\",\"prefix\":\"example.net\",\"signedPrefix\":\"example.org/m", "example.com/a:1", "example.com/a:1", true)]
    [InlineData("remapIdentity\",\"prefix\":\"example.com/a\",\"signedPrefix\":\"example.org/b", "example.com/ab:1", "example.org/bb:1", false)]
    public void Identity_must_match(string type, string image, string signed, bool expected)
    {
        string json = $$$"""{"default":[{"type":"sigstoreSigned","keyPath":"/k","signedIdentity":{"type":"{{{type}}}"}}]}""";
        SignedIdentity identity = ((SigstoreSigned)Parse(json).Find(ImageReference.Parse("dir:/x")).Requirements[0]).Identity;
        DockerReference? name = DockerReference.Of(new ImageReference(Transport.Registry, image.Replace("DIGEST", "sha256:" + new string('a', 64))));

        Assert.Equal(expected, identity.Matches(name, signed));
    }

    [Theory]
    [InlineData("matchExact")]
    [InlineData("matchRepoDigestOrExact")]
    [InlineData("matchRepository")]
    public void Image_without_a_name_matches_no_name(string type)
    {
        string json = $$$"""{"default":[{"type":"sigstoreSigned","keyPath":"/k","signedIdentity":{"type":"{{{type}}}"}}]}""";

        Assert.False(((SigstoreSigned)Parse(json).Find(ImageReference.Parse("dir:/x")).Requirements[0]).Identity.Matches(null, "example.com/a:1"));
    }

    private static ContainersPolicy Parse(string json) => ContainersPolicy.Parse(Encoding.UTF8.GetBytes(json), "policy.json");

    private static string Show(ContainersPolicy policy, string image)
    {
        PolicyChoice choice = policy.Find(ImageReference.Parse(image));
        return $"{choice.Scope}: {string.Join(" | ", choice.Requirements.Select(requirement => requirement.Description))}";
    }
}
