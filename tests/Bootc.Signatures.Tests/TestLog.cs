// A log made for one run.
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Bootc.Signatures.Tests;

/// <summary>Promises as Rekor does that it has logged a signature.</summary>
internal sealed class TestLog
{
    private readonly TestKey _key = new("P-256");

    public string Pem => _key.Pem;

    /// <summary>The annotation <c>dev.sigstore.cosign/bundle</c>.</summary>
    /// <param name="signer">The PEM of the key or certificate.</param>
    /// <param name="signature">The signature.</param>
    /// <param name="payload">What was signed.</param>
    /// <param name="time">When it was logged.</param>
    public (string Name, string Value) Log(string signer, byte[] signature, byte[] payload, DateTimeOffset time)
    {
        var entry = new JsonObject
        {
            ["apiVersion"] = "0.0.1",
            ["kind"] = "hashedrekord",
            ["spec"] = new JsonObject
            {
                ["data"] = new JsonObject { ["hash"] = new JsonObject { ["algorithm"] = "sha256", ["value"] = Convert.ToHexStringLower(SHA256.HashData(payload)) } },
                ["signature"] = new JsonObject { ["content"] = Convert.ToBase64String(signature), ["publicKey"] = new JsonObject { ["content"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(signer)) } },
            },
        };
        string body = Convert.ToBase64String(Encoding.UTF8.GetBytes(entry.ToJsonString()));
        string canonical = $$"""{"body":"{{body}}","integratedTime":{{time.ToUnixTimeSeconds()}},"logID":"{{new string('0', 64)}}","logIndex":7}""";
        var bundle = new JsonObject { ["SignedEntryTimestamp"] = Convert.ToBase64String(_key.Sign(Encoding.UTF8.GetBytes(canonical))), ["Payload"] = JsonNode.Parse(canonical) };
        return ("dev.sigstore.cosign/bundle", bundle.ToJsonString());
    }
}
