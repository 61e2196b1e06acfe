// A directory with everything that a commit can hold.
using Bootc.Linux;
using Bootc.Testing;

namespace Bootc.Ostree.Tests;

internal static class SampleTree
{
    /// <summary>Makes the tree below a name of a test directory.</summary>
    /// <param name="parent">Where.</param>
    /// <param name="name">The name of the tree.</param>
    /// <param name="plain">Only what a repository of mode bare-user-only can hold: no owners, no attributes, no special bits.</param>
    public static string Make(TestDirectory parent, string name = "tree", bool plain = false)
    {
        string root = parent[name];
        Directory.CreateDirectory(root);
        File.WriteAllText($"{root}/file", "content\n");
        File.WriteAllText($"{root}/empty", "");
        File.WriteAllBytes($"{root}/large", Pseudorandom(300_000));
        File.WriteAllText($"{root}/executable", "#!/bin/sh\n");
        File.WriteAllText($"{root}/grüße-日本語-\U0001F427", "name\n");
        File.CreateSymbolicLink($"{root}/link", "some/where else");
        Directory.CreateDirectory($"{root}/directory/empty");
        Directory.CreateDirectory($"{root}/many");
        for (int i = 0; i < 300; i++)
        {
            File.WriteAllText($"{root}/many/{i}", $"{i % 7}");
        }

        Directory.CreateDirectory($"{root}/usr/bin");
        File.WriteAllText($"{root}/usr/bin/tool", "tool");
        using DirectoryHandle handle = DirectoryHandle.Open(root);
        foreach (string directory in (string[])["directory", "directory/empty", "many", "usr", "usr/bin", "."])
        {
            handle.SetMode(directory, 0x1ED);
        }

        handle.SetMode("executable", 0x1ED);

        if (plain)
        {
            return root;
        }

        handle.SetMode("directory", 0x3C0); // sticky, 0700
        handle.SetOwner("usr/bin/tool", 1000, 2000);
        handle.SetMode("usr/bin/tool", 0x9ED); // 04755
        handle.SetOwner("link", 7, 8);
        handle.SetOwner("many", 33, 33);
        handle.SetExtendedAttribute("file", "user.comment", "a value"u8);
        handle.SetExtendedAttribute("file", "user.another", [0, 1, 2, 255]);
        handle.SetExtendedAttribute("directory", "user.directory", "yes"u8);
        // cap_net_bind_service+ep, as setcap writes it
        handle.SetExtendedAttribute("executable", "security.capability", [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        return root;
    }

    private static byte[] Pseudorandom(int size)
    {
        byte[] bytes = new byte[size];
        new Random(42).NextBytes(bytes);
        return bytes;
    }
}
