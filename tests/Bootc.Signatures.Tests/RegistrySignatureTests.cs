// Signatures that skopeo put beside images are found: attached in a registry, in lookaside storage, and in layouts.
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Bootc.Oci;
using Bootc.Testing;

namespace Bootc.Signatures.Tests;

public sealed class RegistrySignatureTests : IDisposable
{
    private readonly TestDirectory _directory = new("signed");

    public void Dispose() => _directory.Dispose();

    private OciOptions Options => new() { Root = _directory["root"], Attempts = 2, FirstDelay = TimeSpan.FromMilliseconds(1) };

    [Fact]
    public async Task Attached_signature_is_found_where_registries_d_says_so()
    {
        Oracle.Require();
        using var registry = new RealRegistry(_directory);
        string image = $"{registry.Address}/os/image";
        Push(image + ":1");
        string policy = Policy("sigstoreSigned", "\"keyPath\":\"" + _directory["key.pub"] + "\"");

        PolicyVerdict unconfigured = await Check.RunPolicyAsync(policy, $"docker://{image}:1", Options);
        Configure(image, "use-sigstore-attachments: true");
        PolicyVerdict tagged = await Check.RunPolicyAsync(policy, $"docker://{image}:1", Options);
        PolicyVerdict digested = await Check.RunPolicyAsync(policy, $"docker://{image}@{tagged.Manifest}", Options);
        Peer.Run("skopeo", "copy", "-q", "--dest-tls-verify=false", "--src-tls-verify=false", $"docker://{image}:1", $"docker://{image}:2").Succeeded();
        PolicyVerdict other = await Check.RunPolicyAsync(policy, $"docker://{image}:2", Options);

        Assert.Equal("there is no such signature", unconfigured.Requirements[0].Reason);
        Assert.True(tagged.IsSigned, tagged.Reason);
        Assert.Equal($"{image}:1", tagged.Requirements[0].Evidence!.Reference);
        Assert.True(digested.IsSigned, digested.Reason);
        Assert.Contains($"the signature is for '{image}:1', and the image is {image}:2", other.Reason);
    }

    [Fact]
    public async Task Signatures_in_lookaside_storage_are_found()
    {
        Peer.Require("skopeo");
        using var registry = new RealRegistry(_directory);
        string image = $"{registry.Address}/os/image";
        var ring = new TestKeyRing();
        var source = new TestImage(_directory["image"]);
        Peer.Run("skopeo", "copy", "-q", "--dest-tls-verify=false", source.Name, $"docker://{image}:1").Succeeded();
        string policy = Policy("signedBy", $"\"keyType\":\"GPGKeys\",\"keyData\":\"{Convert.ToBase64String(ring.Export())}\"");
        Configure(image, $"lookaside: file://{_directory["lookaside"]}");

        PolicyVerdict before = await Check.RunPolicyAsync(policy, $"docker://{image}:1", Options);
        string folder = Directory.CreateDirectory(_directory[$"lookaside/os/image@{source.Digest.Replace(':', '=')}"]).FullName;
        File.WriteAllBytes(Path.Combine(folder, "signature-1"), new TestKeyRing().Sign([1]));
        File.WriteAllBytes(Path.Combine(folder, "signature-2"), ring.Sign(source.Payload($"{image}:1", type: "atomic container signature", optional: "{}")));
        PolicyVerdict verdict = await Check.RunPolicyAsync(policy, $"docker://{image}:1", Options);

        Assert.Equal("there is no such signature", before.Requirements[0].Reason);
        Assert.True(verdict.IsSigned, verdict.Reason);
        Assert.EndsWith("signature-2", verdict.Requirements[0].Evidence!.Origin);
    }

    [Fact]
    public async Task Signatures_in_lookaside_storage_are_fetched_by_HTTP()
    {
        var ring = new TestKeyRing();
        var source = new TestImage(_directory["image"]);
        string folder = $"/sigstore/os/image@{source.Digest.Replace(':', '=')}";
        byte[] foreign = new TestKeyRing().Sign([1]);
        byte[] signature = [];
        int asked = 0;
        using var storage = new ScriptedServer(request => request.Path switch
        {
            var path when path == $"{folder}/signature-1" => asked++ == 0 ? new ScriptedAnswer(503, []) : new ScriptedAnswer(200, foreign),
            var path when path == $"{folder}/signature-2" && signature.Length > 0 => new ScriptedAnswer(200, signature),
            _ => new ScriptedAnswer(404, []),
        });
        using var registry = new ScriptedServer(request => request.Path == "/v2/os/image/manifests/1"
            ? new ScriptedAnswer(200, source.Manifest).With("Content-Type", "application/vnd.oci.image.manifest.v1+json")
            : new ScriptedAnswer(404, []));
        string image = $"{registry.Address}/os/image";
        Configure(image, $"lookaside: http://{storage.Address}/sigstore");
        string policy = Policy("signedBy", $"\"keyType\":\"GPGKeys\",\"keyData\":\"{Convert.ToBase64String(ring.Export())}\"");

        PolicyVerdict before = await Check.RunPolicyAsync(policy, $"docker://{image}:1", Options);
        signature = ring.Sign(source.Payload($"{image}:1", type: "atomic container signature", optional: "{}"));
        PolicyVerdict verdict = await Check.RunPolicyAsync(policy, $"docker://{image}:1", Options);

        Assert.Contains("which is not in the keyring", before.Reason);
        Assert.True(verdict.IsSigned, verdict.Reason);
        Assert.Equal($"http://{storage.Address}{folder}/signature-2", verdict.Requirements[0].Evidence!.Origin);
    }

    [Fact]
    public async Task Lookaside_storage_with_TLS_is_held_to_its_own_authority()
    {
        var ring = new TestKeyRing();
        var source = new TestImage(_directory["image"]);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=storage", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
        byte[] signature = [];
        using var storage = new ScriptedServer(asked => asked.Path.EndsWith("/signature-1", StringComparison.Ordinal) ? new ScriptedAnswer(200, signature) : new ScriptedAnswer(404, []), certificate: certificate);
        using var registry = new ScriptedServer(asked => asked.Path == "/v2/os/image/manifests/1"
            ? new ScriptedAnswer(200, source.Manifest).With("Content-Type", "application/vnd.oci.image.manifest.v1+json")
            : new ScriptedAnswer(404, []));
        string image = $"{registry.Address}/os/image";
        Configure(image, $"lookaside: https://{storage.Address}/sigstore");
        signature = ring.Sign(source.Payload($"{image}:1", type: "atomic container signature", optional: "{}"));
        string policy = Policy("signedBy", $"\"keyType\":\"GPGKeys\",\"keyData\":\"{Convert.ToBase64String(ring.Export())}\"");

        var refusal = await Assert.ThrowsAnyAsync<OciException>(() => Check.RunPolicyAsync(policy, $"docker://{image}:1", Options));
        string trusted = Directory.CreateDirectory(_directory[$"root/etc/containers/certs.d/{storage.Address}"]).FullName;
        File.WriteAllText(Path.Combine(trusted, "ca.crt"), certificate.ExportCertificatePem());
        PolicyVerdict verdict = await Check.RunPolicyAsync(policy, $"docker://{image}:1", Options);

        Assert.Contains("cannot fetch the signature https://", refusal.Message);
        Assert.Contains("certificate", refusal.Message);
        Assert.True(verdict.IsSigned, verdict.Reason);
        Assert.StartsWith($"https://{storage.Address}/", verdict.Requirements[0].Evidence!.Origin);
    }

    [Theory]
    [InlineData(403, 0, "cannot fetch the signature")]
    [InlineData(500, 0, "cannot fetch the signature")]
    [InlineData(200, 5 * 1024 * 1024, "the signature http")]
    public async Task Lookaside_storage_that_does_not_answer_well_is_no_storage_without_signatures(int status, int size, string reason)
    {
        var source = new TestImage(_directory["image"]);
        using var storage = new ScriptedServer(_ => new ScriptedAnswer(status, new byte[size]));
        using var registry = new ScriptedServer(request => request.Path == "/v2/os/image/manifests/1"
            ? new ScriptedAnswer(200, source.Manifest).With("Content-Type", "application/vnd.oci.image.manifest.v1+json")
            : new ScriptedAnswer(404, []));
        string image = $"{registry.Address}/os/image";
        Configure(image, $"lookaside: http://{storage.Address}");
        string policy = Policy("signedBy", $"\"keyType\":\"GPGKeys\",\"keyData\":\"{Convert.ToBase64String(new TestKeyRing().Export())}\"");

        var refusal = await Assert.ThrowsAnyAsync<OciException>(() => Check.RunPolicyAsync(policy, $"docker://{image}:1", Options));

        Assert.Contains(reason, refusal.Message);
    }

    [Fact]
    public async Task Signature_beside_an_image_in_a_layout_is_found()
    {
        Oracle.Require();
        using var registry = new RealRegistry(_directory);
        string image = $"{registry.Address}/os/image";
        Push(image + ":1");
        string layout = _directory["layout"];
        string digest = new TestImage(_directory["again"]).Digest;
        Peer.Run("skopeo", "copy", "-q", "--src-tls-verify=false", $"docker://{image}:1", $"oci:{layout}:1").Succeeded();
        Peer.Run("skopeo", "copy", "-q", "--src-tls-verify=false", $"docker://{image}:{digest.Replace(':', '-')}.sig", $"oci:{layout}:{digest.Replace(':', '-')}.sig").Succeeded();
        string policy = Policy("sigstoreSigned", $"\"keyPath\":\"{_directory["key.pub"]}\",\"signedIdentity\":{{\"type\":\"exactRepository\",\"dockerRepository\":\"{image}\"}}");

        PolicyVerdict verdict = await Check.RunPolicyAsync(policy, $"oci:{layout}:1", Options);

        Assert.True(verdict.IsSigned, verdict.Reason);
    }

    [Theory]
    [InlineData("docker: {x: {use-sigstore-attachments: maybe}}", "neither true nor false")]
    [InlineData("docker: [", "is malformed")]
    [InlineData("docker: {x: 7}", "settings of a scope are no mapping")]
    [InlineData("default-docker: {lookaside: ftp://x}", "no file, http or https URL")]
    public async Task Settings_that_cannot_be_understood_are_named(string settings, string reason)
    {
        Peer.Require("skopeo");
        using var registry = new RealRegistry(_directory);
        Peer.Run("skopeo", "copy", "-q", "--dest-tls-verify=false", new TestImage(_directory["image"]).Name, $"docker://{registry.Address}/x:1").Succeeded();
        _directory.Write("root/etc/containers/registries.d/x.yaml", settings);

        var refusal = await Assert.ThrowsAsync<OciException>(() => Check.RunAsync("""{"type":"sigstoreSigned","keyPath":"/k"}""", $"docker://{registry.Address}/x:1", Options));

        Assert.Contains(reason, refusal.Message);
    }

    [Fact]
    public async Task Index_that_is_signed_vouches_for_the_image_that_it_names()
    {
        var key = new TestKey("P-256");
        var image = new TestImage(_directory["image"]);
        File.Move(_directory["image/manifest.json"], _directory[$"image/{image.Digest[7..]}.manifest.json"]);
        byte[] index = Encoding.UTF8.GetBytes($$"""
            {"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[
            {"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{{image.Digest}}","size":{{image.Manifest.Length}},"platform":{"os":"linux","architecture":"{{Oci.Model.Platform.Current.Architecture}}"} }]}
            """);
        File.WriteAllBytes(_directory["image/manifest.json"], index);
        string requirement = $$"""{"type":"sigstoreSigned","keyData":"{{Convert.ToBase64String(Encoding.ASCII.GetBytes(key.Pem))}}","signedIdentity":{"type":"exactRepository","dockerRepository":"example.com/os/image"} }""";

        PolicyVerdict unsigned = await Check.RunAsync(requirement, image.Name);
        image.SignWith(key, image.Payload(digest: Oci.Model.Digest.Compute(index).ToString()));
        PolicyVerdict whole = await Check.RunAsync(requirement, image.Name);
        File.Delete(_directory["image/signature-1"]);
        image.SignWith(key);
        File.Move(_directory["image/signature-2"], _directory[$"image/{image.Digest[7..]}.signature-1"]);
        PolicyVerdict instance = await Check.RunAsync(requirement, image.Name);

        Assert.False(unsigned.IsAccepted);
        Assert.True(whole.IsSigned, whole.Reason);
        Assert.Equal(Oci.Model.Digest.Compute(index), whole.Manifest);
        Assert.True(instance.IsSigned, instance.Reason);
        Assert.Equal(image.Digest, instance.Manifest.ToString());
    }

    // As CI does it: skopeo makes a key, copies the image and signs it.
    private void Push(string reference)
    {
        var image = new TestImage(_directory["image"]);
        string settings = Path.GetDirectoryName(_directory.Write("signing/x.yaml", "default-docker: {use-sigstore-attachments: true}\n"))!;
        string password = _directory.Write("password", "secret");
        Oracle.Run("skopeo", "generate-sigstore-key", "--output-prefix", _directory["key"], "--passphrase-file", password).Succeeded();
        Oracle.Run(
            "skopeo", "--registries.d", settings, "--insecure-policy", "copy", "-q", "--dest-tls-verify=false", "--sign-by-sigstore-private-key", _directory["key.private"], "--sign-passphrase-file", password,
            image.Name, $"docker://{reference}").Succeeded();
    }

    private void Configure(string scope, string settings) => _directory.Write("root/etc/containers/registries.d/test.yaml", $"docker:\n  {scope}:\n    {settings}\n");

    private static string Policy(string type, string keys) => $$"""{"default":[{"type":"reject"}],"transports":{"docker":{"":[{"type":"{{type}}",{{keys}}}]},"oci":{"":[{"type":"{{type}}",{{keys}}}]} } }""";
}
