// The names of architectures: of containers, and of Fedora.
namespace Bootc.Updates.Graph;

/// <summary>Translates the names that graph servers are asked by.</summary>
public static class BaseArchitecture
{
    private static readonly (string Container, string Base)[] Names =
        [("amd64", "x86_64"), ("arm64", "aarch64"), ("ppc64le", "ppc64le"), ("s390x", "s390x"), ("riscv64", "riscv64"), ("386", "i686"), ("arm", "armhfp"), ("loong64", "loongarch64")];

    /// <summary>The name that containers have for an architecture: <c>amd64</c> for <c>x86_64</c>. A name that is not known stays.</summary>
    public static string ToContainer(string name) => Names.FirstOrDefault(pair => pair.Base == name) is { Container: { } container } ? container : name;

    /// <summary>The name that graph servers have for an architecture: <c>x86_64</c> for <c>amd64</c>. A name that is not known stays.</summary>
    public static string FromContainer(string name) => Names.FirstOrDefault(pair => pair.Container == name) is { Base: { } known } ? known : name;

    /// <summary>Whether this is an architecture's name, of either kind.</summary>
    public static bool IsKnown(string name) => Names.Any(pair => pair.Container == name || pair.Base == name);
}
