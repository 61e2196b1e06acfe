// The checks of an image, for people to choose from.
using System.Text.Json;
using Bootc.Deployments.Lint;

namespace Bootc.Cli.Presentation;

internal static class LintList
{
    public static void Write(TextWriter output) =>
        YamlWriter.Write(JsonSerializer.SerializeToUtf8Bytes([.. ImageLints.All.Select(Entry)], CliJson.Default.LintEntryArray), output);

    private static LintEntry Entry(ImageLint lint) =>
        new(lint.Name, lint.Severity.ToString().ToLowerInvariant(), lint.Description, lint.Root == LintRoot.Any ? null : lint.Root.ToString());
}
