// What a boot loader is to offer.
namespace Bootc.Deployments.Boot;

/// <summary>The deployments that can be booted, with complete boot entries.</summary>
/// <param name="Version">0 or 1: the set of boot entries that is, or comes into, force.</param>
/// <param name="Deployments">The deployments; the first one boots by default.</param>
/// <param name="IsFirstOnTrial">
/// Whether the first one gets only <see cref="Tries"/> boots to prove itself, after which the second one is booted.
/// </param>
internal sealed record BootMenu(int Version, IReadOnlyList<Deployment> Deployments, bool IsFirstOnTrial)
{
    /// <summary>How many boots a new deployment has to reach the end of its checks.</summary>
    public const int Tries = 3;
}
