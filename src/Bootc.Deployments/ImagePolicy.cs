// The policy for signatures, as far as it can be obeyed without verifying any: what asks for one is refused.
using System.Text.Json;
using Bootc.Oci;

namespace Bootc.Deployments;

/// <summary>
/// Reads containers-policy.json(5) and lets only images through for which it asks nothing. Signatures are not verified, so
/// an image that needs one is never accepted.
/// </summary>
internal static class ImagePolicy
{
    /// <param name="reference">The image.</param>
    /// <param name="path">The policy file; where there is none, anything is accepted.</param>
    /// <exception cref="PolicyRejectedException">The image may not be used.</exception>
    public static void Check(OstreeImageReference reference, string path)
    {
        if (reference.Verification == SignatureVerification.OstreeRemote)
        {
            throw new PolicyRejectedException($"{reference}: the commits in images cannot be verified by the keys of an ostree remote");
        }

        string type = File.Exists(path) ? FindStrictestType(reference.Image, path) : "insecureAcceptAnything";
        if (type == "reject")
        {
            throw new PolicyRejectedException($"{path} rejects {reference.Image}");
        }

        if (type != "insecureAcceptAnything")
        {
            throw new PolicyRejectedException($"{path} asks for a signature of {reference.Image} ({type}), and signatures cannot be verified by this version: nothing unverified is used");
        }

        if (reference.Verification == SignatureVerification.ContainerPolicy)
        {
            throw new PolicyRejectedException($"{reference.Image} must be signed, and {path} accepts it without a signature: add a requirement there, or use the image unverified");
        }
    }

    private static string FindStrictestType(ImageReference image, string path)
    {
        try
        {
            using JsonDocument policy = JsonDocument.Parse(File.ReadAllBytes(path));
            JsonElement requirements = FindRequirements(policy.RootElement, image);
            if (requirements.ValueKind != JsonValueKind.Array || requirements.GetArrayLength() == 0)
            {
                throw new PolicyRejectedException($"{path} has no default, so nothing may be used");
            }

            string[] types = [.. requirements.EnumerateArray().Select(requirement => requirement.GetProperty("type").GetString() ?? "")];
            return Array.Find(types, type => type == "reject") ?? Array.Find(types, type => type != "insecureAcceptAnything") ?? "insecureAcceptAnything";
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new PolicyRejectedException($"{path} is malformed, so nothing may be used: {e.Message}");
        }
    }

    // The scope that matches the longest part of the name, then the transport's own default, then the default.
    private static JsonElement FindRequirements(JsonElement policy, ImageReference image)
    {
        string transport = image.Transport == Transport.Registry ? "docker" : ImageReference.NameOf(image.Transport);
        if (policy.TryGetProperty("transports", out JsonElement transports) && transports.TryGetProperty(transport, out JsonElement scopes))
        {
            foreach (string scope in ScopesOf(image))
            {
                if (scopes.TryGetProperty(scope, out JsonElement found))
                {
                    return found;
                }
            }
        }

        return policy.TryGetProperty("default", out JsonElement fallback) ? fallback : default;
    }

    private static IEnumerable<string> ScopesOf(ImageReference image)
    {
        if (image.Transport == Transport.Registry)
        {
            RegistryReference parsed = RegistryReference.Parse(image.Name);
            yield return $"{parsed.Registry}/{parsed.Repository}{(parsed.Digest is null ? ":" + parsed.Reference : "@" + parsed.Digest)}";
            string scope = $"{parsed.Registry}/{parsed.Repository}";
            for (int slash = scope.Length; slash > 0; slash = scope.LastIndexOf('/', slash - 1))
            {
                yield return scope[..slash];
            }

            string host = parsed.Registry.Split(':')[0];
            for (int dot = host.IndexOf('.'); dot > 0; dot = host.IndexOf('.', dot + 1))
            {
                yield return "*" + host[dot..];
            }
        }
        else
        {
            string path = Path.GetFullPath(image.Name.Split(':')[0]);
            yield return image.Name;
            for (int slash = path.Length; slash > 0; slash = path.LastIndexOf('/', slash - 1))
            {
                yield return path[..slash];
            }
        }

        yield return "";
    }
}
