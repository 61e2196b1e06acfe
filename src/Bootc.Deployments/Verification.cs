// Remembers with an image what was found of its signatures when it was pulled.
using System.Text.Json;
using Bootc.Deployments.Status;
using Bootc.Import;
using Bootc.Ostree;
using Bootc.Ostree.GVariant;
using Bootc.Ostree.Objects;
using Bootc.Signatures;

namespace Bootc.Deployments;

/// <summary>The verdict of a policy, in the detached metadata of an image's merge commit, where it is not part of what the commit's checksum is of.</summary>
internal static class Verification
{
    private const string Key = "bootc.verification"; // VerificationStatus as JSON

    /// <summary>Which signatures were good, or <see langword="null"/> where the image was accepted without one, or that is not known.</summary>
    public static VerificationStatus? Read(Repository repository, Checksum commit)
    {
        commit = ImageStore.BaseOf(repository, commit);
        try
        {
            return repository.LoadDetachedMetadata(commit)?.TryGetString(Key) is { } json ? JsonSerializer.Deserialize(json, HostJson.Default.VerificationStatus) : null;
        }
        catch (JsonException)
        {
            return null; // of another program, or a later version of this one
        }
    }

    /// <summary>Remembers a verdict by signatures; any other, or none, makes forgotten what was remembered.</summary>
    public static void Write(Repository repository, Checksum commit, PolicyVerdict? verdict)
    {
        commit = ImageStore.BaseOf(repository, commit);
        VariantDictionary metadata = repository.LoadDetachedMetadata(commit) ?? [];
        string? json = verdict?.IsSigned != true ? null : JsonSerializer.Serialize(From(verdict), HostJson.Default.VerificationStatus);
        if (metadata.TryGetString(Key) == json)
        {
            return;
        }

        metadata.Remove(Key);
        if (json is not null)
        {
            metadata.Set(Key, GVariantValue.FromString(json));
        }

        repository.WriteDetachedMetadata(commit, metadata.Count == 0 ? null : metadata);
    }

    private static VerificationStatus From(PolicyVerdict verdict) => new()
    {
        Policy = verdict.Policy,
        Scope = verdict.Scope,
        Signatures = [.. verdict.Requirements.Select(result => result.Evidence).OfType<SignatureEvidence>().Select(evidence => new SignatureStatus
        {
            Signer = evidence.Signer,
            Reference = evidence.Reference,
            Logged = evidence.Logged,
            Origin = evidence.Origin,
        })],
    };
}
