// The images that a Containerfile builds on.
namespace Bootc.Oci.Engine;

internal static class BaseImages
{
    /// <summary>The images of FROM and COPY --from that are named in full; those that arguments name are not known before the build.</summary>
    public static IEnumerable<RegistryReference> Find(IEnumerable<string> containerfile)
    {
        foreach (string line in containerfile)
        {
            string[] words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            string? name = words.FirstOrDefault()?.ToUpperInvariant() switch
            {
                "FROM" => words.Skip(1).FirstOrDefault(word => !word.StartsWith("--", StringComparison.Ordinal)),
                "COPY" => words.FirstOrDefault(word => word.StartsWith("--from=", StringComparison.Ordinal))?["--from=".Length..],
                _ => null,
            };
            if (name is not null && TryParse(name) is { } image)
            {
                yield return image;
            }
        }
    }

    private static RegistryReference? TryParse(string name)
    {
        try
        {
            return ShortNames.IsQualified(name) ? RegistryReference.Parse(name) : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
