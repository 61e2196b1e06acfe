// SELinux labels of files, as attributes.
using System.Text;
using Bootc.Linux;
using Bootc.Ostree.Objects;
using Bootc.Ostree.SELinux;

namespace Bootc.Import.SELinux;

/// <summary>Puts the labels of a policy into the attributes of files. Labels end with a NUL, as libselinux writes them.</summary>
internal static class FileLabels
{
    /// <summary>The extended attribute that holds a file's label.</summary>
    public const string Attribute = "security.selinux";

    /// <summary>A file's attributes with the label that the policy has for it; as they were where it has none.</summary>
    /// <param name="contexts">The policy's file contexts.</param>
    /// <param name="path">The file's absolute path.</param>
    /// <param name="mode">Its mode with the bits of its kind.</param>
    /// <param name="attributes">Its attributes.</param>
    public static ExtendedAttributeList Apply(this FileContexts contexts, string path, uint mode, ExtendedAttributeList attributes)
    {
        if (contexts.FindLabel(path, mode) is not { } value)
        {
            return attributes;
        }

        return attributes.FirstOrDefault(attribute => attribute.Name == Attribute) is { Value: { } present } && present.AsSpan().SequenceEqual(value)
            ? attributes
            : ExtendedAttributeList.Create([.. attributes.Where(attribute => attribute.Name != Attribute), new ExtendedAttribute(Attribute, value)]);
    }

    /// <summary>The attribute's value for a path; <see langword="null"/> where the policy has no label for it.</summary>
    /// <param name="contexts">The policy's file contexts.</param>
    /// <param name="path">The file's absolute path.</param>
    /// <param name="mode">Its mode with the bits of its kind.</param>
    public static byte[]? FindLabel(this FileContexts contexts, string path, uint mode)
    {
        // What is mounted over /proc has labels of its own; the directory below it has that of other mount points, as libostree has it.
        if (contexts.Lookup(path == "/proc" ? "/mnt" : path, mode) is not { } label)
        {
            return null;
        }

        byte[] value = new byte[label.Length + 1];
        Encoding.Latin1.GetBytes(label, value);
        return value;
    }
}
