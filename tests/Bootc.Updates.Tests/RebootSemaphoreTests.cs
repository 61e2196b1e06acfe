// The stored form of semaphores, which airlock reads and writes too.
using System.Text;
using Bootc.Updates.FleetLock;

namespace Bootc.Updates.Tests;

public class RebootSemaphoreTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);

    [Fact]
    public void What_airlock_writes_is_read()
    {
        RebootSemaphore semaphore = Parse("""{"total_slots":2,"holders":["a","c"]}""");

        Assert.Equal((2ul, "a c", true, null), (semaphore.TotalSlots, string.Join(' ', semaphore.Holders), semaphore.IsFull, semaphore.HeldSince("a")));
    }

    [Fact]
    public void A_new_semaphore_is_written_as_airlock_writes_it() =>
        Assert.Equal("""{"total_slots":1,"holders":[]}""", Encoding.UTF8.GetString(new RebootSemaphore { TotalSlots = 1 }.ToBytes()));

    [Fact]
    public void Holders_are_in_the_order_of_their_bytes_whatever_the_order_in_which_they_came()
    {
        RebootSemaphore semaphore = new RebootSemaphore { TotalSlots = 9 };
        foreach (string id in new[] { "c", "\U0001F600", "a", "B", "\uFF21" })
        {
            semaphore = semaphore.WithHolder(id, Now);
        }

        Assert.Equal(["B", "a", "c", "\uFF21", "\U0001F600"], semaphore.Holders);
    }

    [Fact]
    public void Who_holds_it_is_let_in_again_and_nobody_else_when_it_is_full()
    {
        RebootSemaphore one = new RebootSemaphore { TotalSlots = 1 }.WithHolder("a", Now);

        Assert.Same(one, one.WithHolder("a", Now.AddDays(1)));
        Assert.Same(one, one.WithHolder("b", Now));
        Assert.Same(one, one.WithoutHolder("b"));
        Assert.Equal("""{"total_slots":1,"holders":[]}""", Encoding.UTF8.GetString(one.WithoutHolder("a").ToBytes()));
    }

    [Fact]
    public void The_time_is_kept()
    {
        byte[] bytes = new RebootSemaphore { TotalSlots = 3 }.WithHolder("a", Now).WithHolder("b", Now.AddSeconds(5)).WithoutHolder("a").ToBytes();

        Assert.Equal("""{"total_slots":3,"holders":["b"],"since":{"b":1700000005}}""", Encoding.UTF8.GetString(bytes));
        Assert.Equal(Now.AddSeconds(5), RebootSemaphore.Parse(bytes, "x").HeldSince("b"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"total_slots":-1,"holders":[]}""")]
    [InlineData("""{"total_slots":1,"holders":"a"}""")]
    [InlineData("""{"total_slots":1,"holders":[""")]
    public void What_is_no_semaphore_is_refused(string text) =>
        Assert.StartsWith("a key is no semaphore: ", Assert.Throws<LockStoreException>(() => Parse(text)).Message);

    private static RebootSemaphore Parse(string text) => RebootSemaphore.Parse(Encoding.UTF8.GetBytes(text), "a key");
}
