// From the JSON of a policy to its requirements.
using System.Text.Json;
using System.Text.RegularExpressions;
using Bootc.Signatures.Json;

namespace Bootc.Signatures.Policy;

internal static partial class PolicyReader
{
    public static ContainersPolicy Read(StrictObject policy, string name)
    {
        IReadOnlyList<PolicyRequirement> fallback = ReadRequirements(policy.Get("default"), "default");
        var transports = new Dictionary<string, Dictionary<string, IReadOnlyList<PolicyRequirement>>>(StringComparer.Ordinal);
        foreach ((string transport, JsonElement scopes) in policy.TryGetObject("transports")?.All() ?? [])
        {
            transports.Add(transport, ReadScopes(transport, new StrictObject(scopes, $"transports.{transport}")));
        }

        policy.End();
        return new ContainersPolicy(name, fallback, transports);
    }

    private static Dictionary<string, IReadOnlyList<PolicyRequirement>> ReadScopes(string transport, StrictObject scopes)
    {
        var requirements = new Dictionary<string, IReadOnlyList<PolicyRequirement>>(StringComparer.Ordinal);
        foreach ((string scope, JsonElement list) in scopes.All())
        {
            string path = $"{scopes.Path}.\"{scope}\"";
            requirements.Add(scope, PolicyScopes.Refuse(transport, scope) is { } reason
                ? throw new JsonFormatException($"'{path}' is no scope: {reason}")
                : ReadRequirements(list, path));
        }

        return requirements;
    }

    private static IReadOnlyList<PolicyRequirement> ReadRequirements(JsonElement list, string path)
    {
        if (list.ValueKind != JsonValueKind.Array || list.GetArrayLength() == 0)
        {
            throw new JsonFormatException($"'{path}' has no requirements");
        }

        return [.. list.EnumerateArray().Select((item, i) => ReadRequirement(new StrictObject(item, $"{path}[{i}]")))];
    }

    private static PolicyRequirement ReadRequirement(StrictObject requirement)
    {
        PolicyRequirement read = requirement.GetString("type") switch
        {
            "insecureAcceptAnything" => new AcceptAnything(),
            "reject" => new Reject(),
            "signedBy" => ReadSignedBy(requirement),
            "signedBaseLayer" => new SignedBaseLayer(ReadIdentity(requirement.GetObject("baseLayerIdentity"))),
            "sigstoreSigned" => ReadSigstoreSigned(requirement),
            var other => throw new JsonFormatException($"'{requirement.PathOf("type")}' is '{other}', which is no type of requirement"),
        };
        requirement.End();
        return read;
    }

    private static SignedBy ReadSignedBy(StrictObject requirement)
    {
        string type = requirement.GetString("keyType");
        if (!SignedBy.KeyTypes.Contains(type))
        {
            throw new JsonFormatException($"'{requirement.PathOf("keyType")}' is '{type}', which is none of {string.Join(", ", SignedBy.KeyTypes)}");
        }

        return new SignedBy(type, ReadKeys(requirement, "keyPath", "keyPaths", "keyData", null) ?? throw Missing(requirement, "keyPath, keyPaths or keyData"), ReadSignedIdentity(requirement));
    }

    private static SigstoreSigned ReadSigstoreSigned(StrictObject requirement)
    {
        var read = new SigstoreSigned
        {
            Keys = ReadKeys(requirement, "keyPath", "keyPaths", "keyData", "keyDatas"),
            Fulcio = requirement.TryGetObject("fulcio") is { } fulcio ? ReadFulcio(fulcio) : null,
            Pki = requirement.TryGetObject("pki") is { } pki ? ReadPki(pki) : null,
            RekorKeys = ReadKeys(requirement, "rekorPublicKeyPath", "rekorPublicKeyPaths", "rekorPublicKeyData", "rekorPublicKeyDatas"),
            Identity = ReadSignedIdentity(requirement),
        };
        int sources = (read.Keys is null ? 0 : 1) + (read.Fulcio is null ? 0 : 1) + (read.Pki is null ? 0 : 1);
        if (sources != 1)
        {
            const string Sources = "keyPath, keyPaths, keyData, keyDatas, fulcio or pki";
            throw sources == 0 ? Missing(requirement, Sources) : Several(requirement, Sources);
        }

        if (read.Fulcio is not null && read.RekorKeys is null)
        {
            throw new JsonFormatException($"'{requirement.Path}' has fulcio without a rekorPublicKey…: how long ago a certificate was valid would not be known");
        }

        return read.Pki is not null && read.RekorKeys is not null
            ? throw new JsonFormatException($"'{requirement.Path}' has both pki and a rekorPublicKey…, which do not go together")
            : read;
    }

    private static FulcioAuthority ReadFulcio(StrictObject fulcio)
    {
        var read = new FulcioAuthority(
            ReadKeys(fulcio, "caPath", null, "caData", null) ?? throw Missing(fulcio, "caPath or caData"), NonEmpty(fulcio, "oidcIssuer"), NonEmpty(fulcio, "subjectEmail"));
        fulcio.End();
        return read;
    }

    private static PkiAuthority ReadPki(StrictObject pki)
    {
        var read = new PkiAuthority(
            ReadKeys(pki, "caRootsPath", null, "caRootsData", null) ?? throw Missing(pki, "caRootsPath or caRootsData"),
            ReadKeys(pki, "caIntermediatesPath", null, "caIntermediatesData", null),
            pki.TryGetString("subjectEmail") is { Length: > 0 } email ? email : null,
            pki.TryGetString("subjectHostname") is { Length: > 0 } host ? host : null);
        pki.End();
        return read.SubjectEmail is null && read.SubjectHostname is null ? throw Missing(pki, "subjectEmail or subjectHostname") : read;
    }

    private static SignedIdentity ReadSignedIdentity(StrictObject requirement) =>
        requirement.TryGetObject("signedIdentity") is { } identity ? ReadIdentity(identity) : SignedIdentity.Default;

    private static SignedIdentity ReadIdentity(StrictObject identity)
    {
        SignedIdentity read = identity.GetString("type") switch
        {
            "matchExact" => new SignedIdentity.MatchExact(),
            "matchRepoDigestOrExact" => new SignedIdentity.MatchRepoDigestOrExact(),
            "matchRepository" => new SignedIdentity.MatchRepository(),
            "exactReference" => new SignedIdentity.ExactReference(ReadReference(identity, "dockerReference") is { IsNameOnly: false } reference
                ? reference
                : throw new JsonFormatException($"'{identity.PathOf("dockerReference")}' has neither a tag nor a digest")),
            "exactRepository" => new SignedIdentity.ExactRepository(ReadReference(identity, "dockerRepository").Name),
            "remapIdentity" => new SignedIdentity.RemapIdentity(ReadPrefix(identity, "prefix"), ReadPrefix(identity, "signedPrefix")),
            var other => throw new JsonFormatException($"'{identity.PathOf("type")}' is '{other}', which is no type of identity"),
        };
        identity.End();
        return read;
    }

    private static DockerReference ReadReference(StrictObject identity, string key)
    {
        try
        {
            return DockerReference.Parse(identity.GetString(key));
        }
        catch (FormatException e)
        {
            throw new JsonFormatException($"'{identity.PathOf(key)}' is malformed: {e.Message}", e);
        }
    }

    private static string ReadPrefix(StrictObject identity, string key)
    {
        string prefix = identity.GetString(key);
        return PrefixPattern().IsMatch(prefix) ? prefix : throw new JsonFormatException($"'{identity.PathOf(key)}' is neither a host nor a repository, with its host, nor what such begin with");
    }

    // One key, several, in files or here: one of these ways.
    private static KeySource? ReadKeys(StrictObject o, string path, string? paths, string data, string? datas)
    {
        KeySource?[] sources =
        [
            o.TryGetString(path) is { } file ? KeySource.OfFiles(file.Length > 0 ? file : throw new JsonFormatException($"'{o.PathOf(path)}' is empty")) : null,
            paths is not null && o.TryGetStrings(paths) is { } files ? KeySource.OfFiles(files) : null,
            o.TryGetString(data) is { } content ? KeySource.OfData(StrictObject.FromWrappedBase64(content, o.PathOf(data))) : null,
            datas is not null && o.TryGetStrings(datas) is { } contents ? KeySource.OfData([.. contents.Select((text, i) => StrictObject.FromWrappedBase64(text, $"{o.PathOf(datas)}[{i}]"))]) : null,
        ];
        return sources.Count(source => source is not null) > 1
            ? throw Several(o, string.Join(", ", new[] { path, paths, data, datas }.Where(key => key is not null)))
            : Array.Find(sources, source => source is not null);
    }

    private static string NonEmpty(StrictObject o, string key) => o.GetString(key) is { Length: > 0 } text ? text : throw new JsonFormatException($"'{o.PathOf(key)}' is empty");

    private static JsonFormatException Missing(StrictObject o, string keys) => new($"'{o.Path}' has none of {keys}");

    private static JsonFormatException Several(StrictObject o, string keys) => new($"'{o.Path}' has more than one of {keys}");

    [GeneratedRegex(@"^(([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*)|\[[0-9A-Fa-f:]+\])(:[0-9]+)?(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*\z", RegexOptions.NonBacktracking)]
    private static partial Regex PrefixPattern();
}
