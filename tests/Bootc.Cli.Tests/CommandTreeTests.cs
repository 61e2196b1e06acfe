// Which commands are made for a command line.
using System.CommandLine;

namespace Bootc.Cli.Tests;

public class CommandTreeTests
{
    [Fact]
    public void A_command_that_is_named_first_is_made_alone_and_is_the_one_of_the_whole_tree()
    {
        foreach (Command command in BootcCommand.Create().Subcommands)
        {
            foreach (string name in command.Aliases.Append(command.Name))
            {
                Command alone = Assert.Single(BootcCommand.CreateFor([name, "--sysroot", "/"]).Subcommands);

                Assert.Equal((command.Name, command.Description), (alone.Name, alone.Description));
                Assert.Equal(Names(command), Names(alone));
            }
        }
    }

    [Theory]
    [InlineData()]
    [InlineData("--help")]
    [InlineData("--sysroot", "/", "status")]
    [InlineData("statsu")]
    [InlineData("[suggest:7]", "bootc s")]
    public void Otherwise_all_are_made(params string[] arguments) =>
        Assert.Equal(Names(BootcCommand.Create()), Names(BootcCommand.CreateFor(arguments)));

    private static IEnumerable<string> Names(Command command) =>
        [.. command.Options.Select(option => option.Name), .. command.Subcommands.SelectMany(child => Names(child).Select(name => $"{child.Name} {name}").Prepend(child.Name))];
}
