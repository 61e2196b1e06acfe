// A server that gives out bearer tokens, as the token specification of the distribution project has it.
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;

namespace Bootc.Testing;

/// <summary>Gives tokens that docker-registry believes: to one user all that is asked for, to others, who need no password, the right to pull.</summary>
public sealed class TokenServer : IDisposable
{
    /// <summary>The service for which tokens are.</summary>
    public const string Service = "test-registry";

    /// <summary>Who gives them out.</summary>
    public const string Issuer = "test-issuer";

    private readonly RSA _key = RSA.Create(2048);
    private readonly X509Certificate2 _certificate;
    private readonly ScriptedServer _server;
    private readonly string _basic;

    public TokenServer(string user, string password)
    {
        _certificate = new CertificateRequest("CN=tokens", _key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
        _basic = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"));
        _server = new ScriptedServer(Answer);
    }

    /// <summary>Where tokens are.</summary>
    public string Realm => $"http://{_server.Address}/token";

    /// <summary>The certificate of the key by which they are signed, in PEM.</summary>
    public string Certificate => _certificate.ExportCertificatePem() + "\n";

    /// <summary>The scopes that were asked for, oldest first.</summary>
    public IEnumerable<string> Scopes => _server.Requests.SelectMany(request => ScopesOf(request.Path));

    public void Dispose()
    {
        _server.Dispose();
        _certificate.Dispose();
        _key.Dispose();
    }

    private ScriptedAnswer Answer(ScriptedRequest request)
    {
        string? shown = request.Header("authorization");
        if (shown is not null && shown != _basic)
        {
            return new ScriptedAnswer(401, "{}");
        }

        var access = new JsonArray();
        foreach (string[] scope in ScopesOf(request.Path).Select(scope => scope.Split(':')))
        {
            string[] actions = [.. scope[^1].Split(',').Where(action => shown is not null || action == "pull")];
            access.Add(new JsonObject { ["type"] = scope[0], ["name"] = string.Join(':', scope[1..^1]), ["actions"] = new JsonArray([.. actions.Select(action => (JsonNode)action)]) });
        }

        return new ScriptedAnswer(200, new JsonObject { ["token"] = Sign(access), ["expires_in"] = 300 }.ToJsonString()).With("Content-Type", "application/json");
    }

    private string Sign(JsonArray access)
    {
        long now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var header = new JsonObject { ["typ"] = "JWT", ["alg"] = "RS256", ["x5c"] = new JsonArray(Convert.ToBase64String(_certificate.RawData)) };
        var claims = new JsonObject
        {
            ["iss"] = Issuer,
            ["sub"] = "test",
            ["aud"] = Service,
            ["exp"] = now + 300,
            ["nbf"] = now - 60,
            ["iat"] = now,
            ["jti"] = Guid.NewGuid().ToString("N"),
            ["access"] = access,
        };
        string text = $"{Encode(Encoding.UTF8.GetBytes(header.ToJsonString()))}.{Encode(Encoding.UTF8.GetBytes(claims.ToJsonString()))}";
        return $"{text}.{Encode(_key.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))}";
    }

    private static string Encode(byte[] bytes) => Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    private static IEnumerable<string> ScopesOf(string path) => path.Contains('?')
        ? path[(path.IndexOf('?') + 1)..].Split('&').Where(pair => pair.StartsWith("scope=", StringComparison.Ordinal)).SelectMany(pair => Uri.UnescapeDataString(pair[6..].Replace('+', ' ')).Split(' '))
        : [];
}
