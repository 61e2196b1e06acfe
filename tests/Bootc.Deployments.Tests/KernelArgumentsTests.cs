// Kernel arguments keep their order, their quotes and what is not known here.
using Bootc.Deployments.Boot;

namespace Bootc.Deployments.Tests;

public class KernelArgumentsTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("quiet", "quiet")]
    [InlineData("  root=/dev/vda1\t rw\n", "root=/dev/vda1 rw")]
    [InlineData("a=1 a=2 a", "a=1 a=2 a")]
    [InlineData("dyndbg=\"file ec.c +p\" quiet", "dyndbg=\"file ec.c +p\" quiet")]
    [InlineData("\"whole word=x y\" z", "\"whole word=x y\" z")]
    [InlineData("open=\"to the end ", "open=\"to the end")]
    [InlineData("init=/bin/sh -- single", "init=/bin/sh -- single")]
    public void Command_line_is_kept_in_order(string text, string expected)
    {
        string once = KernelArguments.Parse(text).ToString();

        Assert.Equal(expected, once);
        Assert.Equal(once, KernelArguments.Parse(once).ToString());
    }

    [Fact]
    public void Last_value_of_a_key_counts()
    {
        KernelArguments arguments = KernelArguments.Parse("a=1 ab=x a=2=3 b");

        Assert.Equal(("2=3", "x", null, null), (arguments.GetValue("a"), arguments.GetValue("ab"), arguments.GetValue("b"), arguments.GetValue("c")));
    }

    [Theory]
    [InlineData("x ostree=/old y", "x ostree=/new y")]
    [InlineData("x y", "x y ostree=/new")]
    [InlineData("ostreed=1 ostree", "ostreed=1 ostree=/new")]
    public void Replace_puts_the_value_where_the_key_stood(string before, string after) =>
        Assert.Equal(after, KernelArguments.Parse(before).Replace("ostree", "/new").ToString());

    [Fact]
    public void Remove_takes_all_words_of_a_key_and_no_other() =>
        Assert.Equal("ab=3 b", KernelArguments.Parse("a=1 ab=3 a b a=2").Remove("a").ToString());
}
