// What a good bundle proves.
namespace Bootc.Signatures.Sigstore.Bundles;

/// <summary>A bundle that was verified.</summary>
/// <param name="Signer">Who has signed: a key, or an identity and where it logged in.</param>
/// <param name="Time">When, where a log or an authority for time stamps has said so.</param>
/// <param name="Logs">The logs that have it.</param>
/// <param name="PredicateType">The kind of statement that was signed; none where the artifact itself was.</param>
public sealed record BundleEvidence(string Signer, DateTimeOffset? Time, IReadOnlyList<string> Logs, string? PredicateType)
{
    /// <inheritdoc/>
    public override string ToString() => $"signed by {Signer}{(Time is { } time ? $" at {time:u}" : "")}{(Logs.Count > 0 ? $", logged by {string.Join(" and ", Logs)}" : "")}";
}
