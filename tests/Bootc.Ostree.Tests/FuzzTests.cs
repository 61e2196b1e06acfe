// Key files, as a repository's configuration and the origins of deployments are, whatever is in them.
using System.Text;
using Bootc.Testing;
using Xunit;

namespace Bootc.Ostree.Tests;

public sealed class FuzzTests
{
    [Fact]
    public void Key_files()
    {
        byte[] file = "# a comment\n[core]\nrepo_version=1\nmode=bare\nfsync = true\n\n[remote \"origin\"]\nurl=https://example.com/\\srepo\nbranches=a;b;\n"u8.ToArray();
        var mutator = new Mutator(1);

        int refused = Fuzz.Run(5000, () => mutator.MutateText(file), content =>
        {
            KeyFile read = KeyFile.Parse(Encoding.UTF8.GetString(content));
            foreach (string group in read.Groups)
            {
                foreach (string key in read.GetKeys(group))
                {
                    _ = read.GetString(group, key);
                }
            }

            _ = read.GetBoolean("core", "fsync");
            Assert.Equal(read.ToString(), KeyFile.Parse(read.ToString()).ToString());
        }, e => e is FormatException);

        Assert.InRange(refused, 500, 5000);
    }
}
