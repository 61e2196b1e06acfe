// Images as users name them.
using Bootc.Oci;

namespace Bootc.Cli.Commands;

internal static class ImageName
{
    /// <summary>Reads a reference with a transport as in <c>oci:PATH</c>, or a name in a registry.</summary>
    /// <exception cref="FormatException">It is malformed.</exception>
    public static ImageReference Read(string text, string? transport = null)
    {
        if (transport is not null)
        {
            return ImageReference.Parse($"{transport}:{text}");
        }

        int colon = text.IndexOf(':');
        bool hasTransport = colon > 0 && ImageReference.TransportOf(text[..colon]) is not null && !(colon + 1 < text.Length && char.IsAsciiDigit(text[colon + 1]));
        return ImageReference.Parse(hasTransport ? text : $"registry:{text}");
    }

    /// <summary>What a name without host stands for is decided now: settings that change later do not change what is followed.</summary>
    /// <param name="reference">The reference.</param>
    /// <param name="options">Where the settings are.</param>
    /// <param name="tell">Told what the name stands for, if it does for another one.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="OciException">No registry that it may be in has it.</exception>
    public static async Task<ImageReference> ResolveAsync(ImageReference reference, OciOptions options, Action<string> tell, CancellationToken cancellation)
    {
        if (reference.Transport != Transport.Registry || ShortNames.IsQualified(reference.Name))
        {
            return reference;
        }

        string name = await ShortNames.FindAsync(reference.Name, options, cancellation);
        if (name != reference.Name)
        {
            tell($"{reference.Name} stands for {name} (registries.conf)");
        }

        return reference with { Name = name };
    }
}
