// The reference images with signatures, as `dir:` has them.
using System.Text;
using Bootc.Testing;

namespace Bootc.Signatures.Tests;

internal static class SignedDirectory
{
    /// <summary>
    /// Copies a reference image. Some of their files are links to others, which a checkout without links has as files that hold
    /// the target's name.
    /// </summary>
    public static string Copy(string name, TestDirectory to)
    {
        string from = TestData.Get($"signatures/{name}");
        string target = Directory.CreateDirectory(to[name]).FullName;
        foreach (string file in Directory.EnumerateFiles(from))
        {
            File.WriteAllBytes(Path.Combine(target, Path.GetFileName(file)), Read(file));
        }

        return target;
    }

    private static byte[] Read(string path)
    {
        byte[] content = File.ReadAllBytes(path);
        if (!content.AsSpan().StartsWith("../"u8))
        {
            return content;
        }

        string target = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, Encoding.UTF8.GetString(content)));
        return File.Exists(target) ? Read(target) : content;
    }
}
