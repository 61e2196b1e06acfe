// The kernel arguments that an image asks for, and how they come and go with updates.
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Bootc.Linux;
using Tomlyn.Parsing;
using Tomlyn.Syntax;

namespace Bootc.Deployments.Boot;

/// <summary>
/// The files <c>/usr/lib/bootc/kargs.d/*.toml</c> of an image, in the order of their names. Each has <c>kargs</c>, a list of
/// arguments, and perhaps <c>match-architectures</c>, a list of architectures for which alone they count
/// (https://bootc-dev.github.io/bootc/building/kernel-arguments.html).
/// </summary>
public static class ImageKernelArguments
{
    private const string Folder = "usr/lib/bootc/kargs.d";

    /// <summary>This machine's architecture, in the words of these files.</summary>
    public static string Architecture { get; } = RuntimeInformation.ProcessArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => "x86_64",
        System.Runtime.InteropServices.Architecture.X86 => "x86",
        System.Runtime.InteropServices.Architecture.Arm64 => "aarch64",
        System.Runtime.InteropServices.Architecture.Arm => "arm",
        System.Runtime.InteropServices.Architecture.Ppc64le => "powerpc64",
        System.Runtime.InteropServices.Architecture.S390x => "s390x",
        System.Runtime.InteropServices.Architecture.RiscV64 => "riscv64",
        System.Runtime.InteropServices.Architecture.LoongArch64 => "loongarch64",
        var other => other.ToString().ToLowerInvariant(),
    };

    /// <summary>The arguments that the image of a deployment asks for on an architecture; on this machine's unless one is given.</summary>
    /// <exception cref="DeploymentException">A file is malformed; it and the line are named.</exception>
    public static IReadOnlyList<string> Read(DirectoryHandle deployment, string? architecture = null)
    {
        using DirectoryHandle? folder = deployment.TryOpenDirectory(Folder);
        var arguments = new List<string>();
        foreach (DirectoryEntry entry in folder?.List().OrderBy(entry => entry.Name, StringComparer.Ordinal) ?? Enumerable.Empty<DirectoryEntry>())
        {
            if (entry.Kind == FileKind.Regular && entry.Name.EndsWith(".toml", StringComparison.Ordinal))
            {
                arguments.AddRange(Parse(folder!.ReadAllBytes(entry.Name), $"/{Folder}/{entry.Name}", architecture ?? Architecture));
            }
        }

        return arguments;
    }

    /// <summary>The arguments of a new deployment: those in force, without what the new image asks for no more, and with what it asks for anew, unless it is in force already.</summary>
    /// <param name="current">The arguments in force, local ones among them.</param>
    /// <param name="before">What the image of the deployment in force asks for.</param>
    /// <param name="after">What the new image asks for.</param>
    public static IReadOnlyList<string> Merge(IReadOnlyList<string> current, IReadOnlyList<string> before, IReadOnlyList<string> after) =>
        [.. current.Where(word => !before.Contains(word) || after.Contains(word)), .. after.Where(word => !before.Contains(word) && !current.Contains(word)).Distinct()];

    internal static IReadOnlyList<string> Parse(byte[] content, string path, string architecture)
    {
        DocumentSyntax document = SyntaxParser.Parse(Encoding.UTF8.GetString(content), path, validate: true);
        if (document.Diagnostics.FirstOrDefault(diagnostic => diagnostic.Kind == DiagnosticMessageKind.Error) is { } fault)
        {
            throw Malformed(path, fault.Span, fault.Message);
        }

        if (document.Tables.FirstOrDefault() is { } table)
        {
            throw Malformed(path, table.Span, "there is a table, and only kargs and match-architectures are known");
        }

        IReadOnlyList<string>? arguments = null;
        IReadOnlyList<string>? architectures = null;
        foreach (KeyValueSyntax pair in document.KeyValues)
        {
            switch (pair.Key?.ToString().Trim())
            {
                case "kargs":
                    arguments = ReadStrings(pair, "kargs", path);
                    break;
                case "match-architectures":
                    architectures = ReadStrings(pair, "match-architectures", path);
                    break;
                case var other:
                    throw Malformed(path, pair.Span, $"there is no setting '{other}', only kargs and match-architectures");
            }
        }

        if (arguments is null)
        {
            throw new DeploymentException($"{path} has no kargs");
        }

        return architectures?.Contains(architecture) ?? true ? arguments : [];
    }

    private static List<string> ReadStrings(KeyValueSyntax pair, string key, string path)
    {
        if (pair.Value is not ArraySyntax array)
        {
            throw Malformed(path, pair.Span, $"{key} is no list of strings");
        }

        var values = new List<string>();
        foreach (ArrayItemSyntax item in array.Items)
        {
            values.AddRange(item.Value is StringValueSyntax { Value: { } value }
                ? SplitWords(value, path, item.Span)
                : throw Malformed(path, item.Span, $"{key} has something in it that is no string"));
        }

        return values;
    }

    // A string may have several words of the command line, but a line feed would be a new line of the boot entry.
    private static IReadOnlyList<string> SplitWords(string value, string path, SourceSpan span) =>
        !value.Any(char.IsControl) ? KernelArguments.Parse(value).Words : throw Malformed(path, span, $"'{value.ReplaceLineEndings(" ")}' has a control character");

    private static DeploymentException Malformed(string path, SourceSpan span, string fault) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{path}, line {span.Start.Line + 1}: {fault}"));
}
