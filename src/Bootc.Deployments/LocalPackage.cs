// A package file that was given to the host, as an origin names it.
using System.Text.RegularExpressions;

namespace Bootc.Deployments;

/// <summary>A package that no repository has; the host keeps its file under a ref of its own.</summary>
/// <param name="Sha256">The SHA-256 of the file, in hexadecimal.</param>
/// <param name="Identity">Name, version and architecture as the file's name has them: <c>hello_2.10-3_amd64</c> for dpkg, <c>hello-2.10-3.x86_64</c> for rpm.</param>
public readonly partial record struct LocalPackage(string Sha256, string Identity)
{
    /// <summary>The prefix of the refs of package files.</summary>
    public const string RefPrefix = "bootc/package";

    /// <summary>The package's name.</summary>
    public string Name => Nevra().Match(Identity) is { Success: true } nevra ? nevra.Groups[1].Value : Identity.Split('_')[0];

    /// <summary>The ref of a commit that has the file alone.</summary>
    public string Ref => $"{RefPrefix}/{Sha256}";

    /// <summary>Reads <c>SHA256:IDENTITY</c>.</summary>
    public static bool TryParse(string text, out LocalPackage package)
    {
        int colon = text.IndexOf(':');
        package = colon == 64 ? new LocalPackage(text[..64], text[65..]) : default;
        return colon == 64 && package.Identity.Length > 0 && !package.Identity.Contains('/') && !package.Sha256.AsSpan().ContainsAnyExcept("0123456789abcdef");
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Sha256}:{Identity}";

    // After its last dot, no identity of dpkg has an architecture: that comes after an underscore there.
    [GeneratedRegex(@"^(.+)-[^-]+-[^-]+\.(?:[A-Za-z0-9]+|x86_64(?:_v[0-9]+)?)$")]
    private static partial Regex Nevra();
}
