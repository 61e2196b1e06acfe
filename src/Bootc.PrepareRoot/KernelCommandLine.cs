// The arguments that the kernel was booted with.
namespace Bootc.PrepareRoot;

/// <summary>Finds arguments on a kernel command line.</summary>
internal static class KernelCommandLine
{
    /// <summary>The value of the first <c>key=value</c>; <see langword="null"/> when there is none.</summary>
    public static string? GetValue(string commandLine, string key)
    {
        foreach (string word in commandLine.Split((char[])[' ', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries))
        {
            if (word.Length > key.Length && word[key.Length] == '=' && word.StartsWith(key, StringComparison.Ordinal))
            {
                return word[(key.Length + 1)..];
            }
        }

        return null;
    }
}
