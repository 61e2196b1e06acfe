// A repository as dnf's settings have it.
using System.Security.Cryptography;
using System.Text;

namespace Bootc.Layering.Rpm;

/// <summary>An enabled repository whose place is plainly said. Variables are in it still, such as <c>$releasever</c>.</summary>
/// <param name="Id">Its identifier.</param>
/// <param name="Kind">Of what kind its place is.</param>
/// <param name="Place">The URI.</param>
internal readonly record struct DnfRepository(string Id, DnfPlaceKind Kind, string Place)
{
    private const int HashBytes = 8;

    /// <summary>The name of the directory in dnf's cache (dnf5.conf(5), <c>cachedir</c>): the identifier and a hash of the place, once it has no variables.</summary>
    public string CacheFolder => $"{Id}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Place)).AsSpan(0, HashBytes))}";
}
