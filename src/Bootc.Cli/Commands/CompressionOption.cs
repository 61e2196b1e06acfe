// --compression-format
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Oci.Layers;

namespace Bootc.Cli.Commands;

/// <summary>The option of those commands that compress layers, with the words of podman and skopeo.</summary>
internal static class CompressionOption
{
    private const string Gzip = "gzip";
    private const string Zstd = "zstd";
    private const string ZstdChunked = "zstd:chunked";

    /// <param name="what">What is compressed, as the description begins.</param>
    public static Option<string?> Create(string what) =>
        new Option<string?>("--compression-format") { Description = $"{what}: {Gzip} (the default), {Zstd} or {ZstdChunked}", DefaultValueFactory = _ => Gzip, HelpName = "FORMAT" }.OneOf(Gzip, Zstd, ZstdChunked);

    public static LayerCompression Read(ParseResult parsed, Option<string?> option) => parsed.GetValue(option) switch
    {
        Zstd => LayerCompression.Zstd,
        ZstdChunked => LayerCompression.ZstdChunked,
        _ => LayerCompression.Gzip,
    };
}
