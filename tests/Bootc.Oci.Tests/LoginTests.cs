// Credentials: kept where skopeo finds them, asked of credential helpers, and shown to a registry over TLS of a private authority.
using System.Text;
using System.Text.Json;
using Bootc.Oci.Model;
using Bootc.Testing;

namespace Bootc.Oci.Tests;

public sealed class LoginTests : IDisposable
{
    private const string User = "alice", Password = "U*U";
    private const string Alice = "alice:$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    private readonly TestDirectory _directory = new();

    private OciOptions Options => new() { Root = _directory["root"], AuthFile = _directory["auth.json"], Attempts = 1 };

    [Fact]
    public async Task A_registry_is_asked_and_skopeo_uses_what_is_kept()
    {
        Peer.Require("skopeo");
        using var registry = new RealRegistry(_directory, Alice);
        string file = _directory.Write("auth.json", """{"auths":{"other.example":{"auth":"eDp5"}},"something":1}""");

        await RegistryLogin.CheckAsync(registry.Address, User, Password, Options, default);
        await Assert.ThrowsAsync<UnauthorizedException>(() => RegistryLogin.CheckAsync(registry.Address, User, "wrong", Options, default));
        RegistryLogin.Store(file, registry.Address, User, Password);

        Assert.Equal(User, Peer.Run("skopeo", "login", "--authfile", file, "--get-login", registry.Address).Succeeded().Trim());
        Assert.Contains("manifest unknown", Peer.Run("skopeo", "inspect", "--tls-verify=false", "--authfile", file, $"docker://{registry.Address}/os:1").Error); // let in, and there is no image
        using JsonDocument kept = JsonDocument.Parse(File.ReadAllBytes(file));
        Assert.Equal((1, "eDp5"), (kept.RootElement.GetProperty("something").GetInt32(), kept.RootElement.GetProperty("auths").GetProperty("other.example").GetProperty("auth").GetString()));
        Assert.Equal("600", Peer.Run("stat", "-c", "%a", file).Succeeded().Trim());
        Assert.True(RegistryLogin.Remove(file, registry.Address));
        Assert.False(RegistryLogin.Remove(file, registry.Address));
        Assert.Equal(1, RegistryLogin.RemoveAll(file));
    }

    [Theory]
    [InlineData("credHelpers", null)]
    [InlineData("credsStore", null)]
    [InlineData("registries.conf", null)]
    [InlineData("credHelpers", "locked")]
    [InlineData("credHelpers", "missing")]
    public async Task Credential_helpers_are_asked(string place, string? fault)
    {
        string helper = $"bootctest-{Guid.NewGuid():N}";
        string program = _directory.Write($"bin/docker-credential-{helper}", $$"""
            #!/bin/sh
            read -r registry || true
            {{(fault == "locked" ? "echo the keychain is locked >&2; exit 1" : "")}}
            printf '{"ServerURL":"%s","Username":"{{User}}","Secret":"{{Password}}"}' "$registry"
            """);
        Peer.Run("chmod", "700", program).Succeeded();
        using var onPath = new PathEntry(fault == "missing" ? "/nonexistent" : _directory["bin"]);
        string expected = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{User}:{Password}"));
        using var registry = new ScriptedRegistry((request, _) => request.Header("authorization") == expected ? null : new ScriptedAnswer(401).With("WWW-Authenticate", "Basic realm=\"x\""));
        _directory.Write("auth.json", place switch
        {
            "credHelpers" => $$$"""{"credHelpers":{"{{{registry.Address}}}":"{{{helper}}}"}}""",
            "credsStore" => $$"""{"credsStore":"{{helper}}"}""",
            _ => "{}",
        });
        string conf = _directory.Write("registries.conf", place == "registries.conf" ? $"credential-helpers = [\"containers-auth.json\", \"{helper}\"]" : "");
        await using IImageSource source = registry.Open(configure: options => options with { AuthFile = _directory["auth.json"], RegistriesConf = conf });

        if (fault is null)
        {
            Assert.Single((await source.FetchManifestAsync(Platform.Current, default)).Manifest.Layers);
            return;
        }

        OciException e = await Assert.ThrowsAnyAsync<OciException>(() => source.FetchManifestAsync(Platform.Current, default));
        Assert.StartsWith(fault == "locked" ? $"the credential helper docker-credential-{helper} fails for {registry.Address}: the keychain is locked" : $"the credential helper docker-credential-{helper} cannot be run: ", e.Message);
    }

    // As `podman login` and `skopeo` want it for a registry of one's own.
    [Fact]
    public async Task Certs_d_has_the_authority_and_this_clients_certificate()
    {
        Peer.Require("openssl", "docker-registry");
        string certificates = Path.Combine(_directory["root"], "etc/containers/certs.d");
        Directory.CreateDirectory(_directory["tls"]);
        Peer.Run("sh", "-ec", $"""
            cd {_directory["tls"]}
            openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 2 -subj /CN=test-ca
            for name in server client; do
              openssl req -newkey rsa:2048 -nodes -keyout $name.key -out $name.csr -subj /CN=$name
              printf 'subjectAltName=IP:127.0.0.1\n' > $name.ext
              openssl x509 -req -in $name.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out $name.cert -days 2 -extfile $name.ext
            done
            """).Succeeded();
        using var registry = new RealRegistry(_directory, tls: _directory["tls"]);
        string strict = _directory.Write("registries.conf", $"[[registry]]\nprefix = \"tls.example\"\nlocation = \"{registry.Address}\"\n");
        string own = Path.Combine(certificates, registry.Address);
        OciOptions options = Options with { RegistriesConf = strict };

        Directory.CreateDirectory(own);
        File.Copy(_directory["tls/ca.crt"], Path.Combine(own, "ca.crt"));
        File.Copy(_directory["tls/client.cert"], Path.Combine(own, "client.cert"));
        OciException lacking = await Assert.ThrowsAnyAsync<OciException>(() => RegistryLogin.CheckAsync(registry.Address, User, Password, options, default));
        File.Copy(_directory["tls/client.key"], Path.Combine(own, "client.key"));
        await RegistryLogin.CheckAsync(registry.Address, User, Password, options, default);

        File.Delete(Path.Combine(own, "ca.crt"));
        Directory.Move(own, own + "-");
        Directory.Move(own + "-", Directory.CreateDirectory(Path.Combine(_directory["other"], "etc/containers/certs.d")).FullName + "/" + registry.Address);
        Peer.Run("sh", "-ec", $"cd {_directory["tls"]}; openssl req -x509 -newkey rsa:2048 -nodes -keyout other.key -out {_directory["other"]}/etc/containers/certs.d/{registry.Address}/other.crt -days 2 -subj /CN=other").Succeeded();
        OciException untrusted = await Assert.ThrowsAnyAsync<OciException>(() => RegistryLogin.CheckAsync(registry.Address, User, Password, options with { Root = _directory["other"] }, default));

        Assert.Contains("has a certificate that is not trusted", untrusted.Message);
        Assert.Equal($"{own}/client.key, the key of {own}/client.cert, is missing", lacking.Message);
    }

    public void Dispose() => _directory.Dispose();

    // Programs are found by the path of this process.
    private sealed class PathEntry : IDisposable
    {
        private readonly string? _before = Environment.GetEnvironmentVariable("PATH");

        public PathEntry(string folder) => Environment.SetEnvironmentVariable("PATH", $"{folder}:{_before}");

        public void Dispose() => Environment.SetEnvironmentVariable("PATH", _before);
    }
}
