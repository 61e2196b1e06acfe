// Which image of which storage a name means.
using Bootc.Oci.Transports;

namespace Bootc.Oci;

/// <summary>An image of <c>containers-storage:</c> by all that policies can mean it by (containers-policy.json(5)).</summary>
/// <param name="Driver">The store's driver.</param>
/// <param name="Root">The store's directory, as settings or the name itself have it.</param>
/// <param name="Name">The image's name, unless it is asked for by its ID.</param>
/// <param name="Id">The image's ID, unless it is asked for by its name.</param>
public sealed record StorageReference(string Driver, string Root, RegistryReference? Name, string? Id)
{
    private const int IdSize = 64;

    /// <summary>Reads a reference.</summary>
    /// <returns><see langword="null"/> where it depends on what the store has which image is meant: by a short name, or a part of an ID.</returns>
    /// <exception cref="OciException">There is no store.</exception>
    /// <exception cref="FormatException">The name is malformed.</exception>
    public static StorageReference? TryParse(ImageReference image, OciOptions options)
    {
        string name = image.Name;
        (string root, string driver) = ContainersStorage.FindPlace(ref name, options);
        string id = name.StartsWith('@') ? name[1..] : name;
        return id.Length == IdSize && id.All(char.IsAsciiHexDigitLower) ? new StorageReference(driver, root, null, id)
            : ShortNames.IsQualified(name) ? new StorageReference(driver, root, RegistryReference.Parse(name), null)
            : null;
    }
}
