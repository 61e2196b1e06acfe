// How registries say what went wrong.
namespace Bootc.Oci.Registry;

/// <summary>The body of an error (distribution-spec, Error Codes).</summary>
internal sealed record RegistryErrors
{
    public RegistryError[]? Errors { get; init; }

    internal sealed record RegistryError
    {
        public string? Code { get; init; }

        public string? Message { get; init; }
    }
}
