// What a signature must say that the image is: a good signature of another image is none.
namespace Bootc.Signatures.Policy;

/// <summary>A <c>signedIdentity</c> of containers-policy.json(5).</summary>
public abstract record SignedIdentity
{
    /// <summary>The one that holds where a requirement names none.</summary>
    public static SignedIdentity Default { get; } = new MatchRepoDigestOrExact();

    /// <summary>Whether a signature for <paramref name="signed"/> is one for the image.</summary>
    /// <param name="image">The image's name, if it has one.</param>
    /// <param name="signed">The name in the signature.</param>
    internal bool Matches(DockerReference? image, string signed) => DockerReference.TryParse(signed) is { } claimed && Matches(image, claimed);

    private protected abstract bool Matches(DockerReference? image, DockerReference signed);

    // The digest of an image that is asked for by digest is compared with the manifest, and the manifest with the signature.
    private static bool MatchesRepoDigestOrExact(DockerReference image, DockerReference signed) =>
        !signed.IsNameOnly && (image.Digest is not null ? signed.Name == image.Name : image.Tag is not null && signed == image);

    /// <summary><c>matchExact</c>: the same name and tag, or digest.</summary>
    public sealed record MatchExact : SignedIdentity
    {
        private protected override bool Matches(DockerReference? image, DockerReference signed) => image is { IsNameOnly: false } && signed == image;

        /// <inheritdoc/>
        public override string ToString() => "for the very name";
    }

    /// <summary><c>matchRepoDigestOrExact</c>: the same name and tag; of an image by digest, the same repository.</summary>
    public sealed record MatchRepoDigestOrExact : SignedIdentity
    {
        private protected override bool Matches(DockerReference? image, DockerReference signed) => image is not null && MatchesRepoDigestOrExact(image, signed);

        /// <inheritdoc/>
        public override string ToString() => "for the very name, or the repository of an image by digest";
    }

    /// <summary><c>matchRepository</c>: the same repository.</summary>
    public sealed record MatchRepository : SignedIdentity
    {
        private protected override bool Matches(DockerReference? image, DockerReference signed) => image is not null && signed.Name == image.Name;

        /// <inheritdoc/>
        public override string ToString() => "for the repository";
    }

    /// <summary><c>exactReference</c>: one name and tag, or digest, whatever the image's is.</summary>
    /// <param name="Reference">The name.</param>
    public sealed record ExactReference(DockerReference Reference) : SignedIdentity
    {
        private protected override bool Matches(DockerReference? image, DockerReference signed) => signed == Reference;

        /// <inheritdoc/>
        public override string ToString() => $"for {Reference}";
    }

    /// <summary><c>exactRepository</c>: one repository, whatever the image's is.</summary>
    /// <param name="Repository">The repository.</param>
    public sealed record ExactRepository(string Repository) : SignedIdentity
    {
        private protected override bool Matches(DockerReference? image, DockerReference signed) => signed.Name == Repository;

        /// <inheritdoc/>
        public override string ToString() => $"for the repository {Repository}";
    }

    /// <summary><c>remapIdentity</c>: as <see cref="MatchRepoDigestOrExact"/>, for an image of a mirror that was signed under another name.</summary>
    /// <param name="Prefix">What the image's name begins with.</param>
    /// <param name="SignedPrefix">What the signed name begins with instead.</param>
    public sealed record RemapIdentity(string Prefix, string SignedPrefix) : SignedIdentity
    {
        private protected override bool Matches(DockerReference? image, DockerReference signed) =>
            image is not null && Remap(image) is { } remapped && MatchesRepoDigestOrExact(remapped, signed);

        /// <inheritdoc/>
        public override string ToString() => $"for the name with {SignedPrefix} instead of {Prefix}";

        // The result must be a whole name, not one that Docker would expand.
        private DockerReference? Remap(DockerReference image)
        {
            if (image.Name != Prefix && !image.Name.StartsWith(Prefix + "/", StringComparison.Ordinal))
            {
                return image;
            }

            string name = SignedPrefix + image.Name[Prefix.Length..];
            return DockerReference.TryParse(name) is { IsNameOnly: true } parsed && parsed.Name == name ? image with { Name = name } : null;
        }
    }
}
