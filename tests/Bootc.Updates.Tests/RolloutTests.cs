// How rollouts spread, and over which hosts.
using Bootc.Updates.Graph;

namespace Bootc.Updates.Tests;

public class RolloutTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.FromUnixTimeSeconds(1_591_279_200);

    // As the graph server of Fedora CoreOS computes it: linear, from the start value on.
    [Theory]
    [InlineData(-1, 0.0, 0)]
    [InlineData(0, 0.0, 0)]
    [InlineData(86400, 0.0, 0.5)]
    [InlineData(172800, 0.0, 1)]
    [InlineData(172801, 0.0, 1)]
    [InlineData(-1, 0.5, 0)]
    [InlineData(0, 0.5, 0.5)]
    [InlineData(86400, 0.5, 0.75)]
    public void Progress(long seconds, double startValue, double progress) =>
        Assert.Equal(progress, new Rollout { Start = Start, StartValue = startValue, Duration = TimeSpan.FromMinutes(2880) }.ProgressAt(Start.AddSeconds(seconds)), 9);

    [Fact]
    public void Without_a_duration_it_stays_at_its_start() =>
        Assert.Equal((0.0, 0.2), (new Rollout { Start = Start, StartValue = 0.2 }.ProgressAt(Start.AddSeconds(-1)), new Rollout { Start = Start, StartValue = 0.2 }.ProgressAt(Start.AddYears(9))));

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 0)]
    [InlineData(0.5, 0)]
    [InlineData(3, 0.25)]
    public void A_host_is_reached_at_the_time_that_was_foretold(double exponent, double startValue)
    {
        var rollout = new Rollout { Start = Start, StartValue = startValue, Duration = TimeSpan.FromHours(48), Exponent = exponent };
        for (double wariness = 0.01; wariness <= 1; wariness += 0.01)
        {
            DateTimeOffset at = rollout.ReachesAt(wariness)!.Value;

            Assert.True(rollout.Reaches(wariness, at.AddSeconds(1)));
            Assert.False(rollout.Reaches(wariness, at.AddSeconds(-1)));
        }
    }

    [Fact]
    public void A_host_that_is_never_reached_is_told_so() =>
        Assert.Equal((null, Start), (new Rollout { Start = Start, StartValue = 0.2 }.ReachesAt(0.3), new Rollout { Start = Start, StartValue = 0.2 }.ReachesAt(0.2)));

    [Fact]
    public void Hosts_are_spread_evenly_and_each_always_the_same_way()
    {
        double[] all = [.. Enumerable.Range(0, 10_000).Select(host => Wariness.OfNode(host.ToString("x32")))];

        Assert.Equal(all[7], Wariness.OfNode(7.ToString("x32")));
        Assert.All(all, wariness => Assert.InRange(wariness, 0.000_001, 1));
        for (double share = 0.1; share < 1; share += 0.1)
        {
            Assert.InRange(all.Count(wariness => wariness <= share) / 10_000.0, share - 0.02, share + 0.02);
        }
    }

    // The vectors of the authors' reference implementation: the key is 00 01 ... 0f, the message 00 01 ...
    [Theory]
    [InlineData(0, 0x726fdb47dd0e0e31)]
    [InlineData(1, 0x74f839c593dc67fd)]
    [InlineData(8, 0x93f5f5799a932462)]
    [InlineData(15, 0xa129ca6149be45e5)]
    public void SipHash_2_4(int length, ulong hash) =>
        Assert.Equal(hash, SipHash.Compute([.. Enumerable.Range(0, length).Select(i => (byte)i)], 2, 4, 0x0706050403020100, 0x0f0e0d0c0b0a0908));

    [Theory]
    [InlineData("0.5", 0.5)]
    [InlineData("-1", 0.0)]
    [InlineData("7", 1.0)]
    [InlineData("NaN", 0.0)]
    [InlineData("", null)]
    [InlineData("half", null)]
    [InlineData(null, null)]
    public void Wariness_that_a_host_says_of_itself(string? text, double? wariness) => Assert.Equal(wariness, Wariness.Parse(text));
}
