// When a key or an authority counts.
using Bootc.Signatures.Json;

namespace Bootc.Signatures.Sigstore.Bundles;

/// <summary>A span of time, both ends of which belong to it and may be open.</summary>
/// <param name="Start">Its first moment.</param>
/// <param name="End">Its last moment.</param>
internal sealed record ValidityPeriod(DateTimeOffset? Start, DateTimeOffset? End)
{
    /// <summary>All time.</summary>
    public static readonly ValidityPeriod Always = new(null, null);

    /// <summary>Reads a <c>TimeRange</c>.</summary>
    /// <exception cref="JsonFormatException">It is none, or ends before it starts.</exception>
    public static ValidityPeriod Read(ProtoObject? range)
    {
        if (range is null)
        {
            return Always;
        }

        var period = new ValidityPeriod(range.TryGetTime("start"), range.TryGetTime("end"));
        range.End();
        return period.Start is null ? throw new JsonFormatException($"'{range.PathOf("start")}' is missing")
            : period.Start > period.End ? throw new JsonFormatException($"'{range.PathOf("end")}' is before the start") : period;
    }

    /// <summary>Whether a moment belongs to it.</summary>
    public bool Contains(DateTimeOffset time) => !(time < Start) && !(time > End);

    /// <inheritdoc/>
    public override string ToString() => (Start, End) switch
    {
        (null, null) => "always",
        (_, null) => $"from {Start:u}",
        (null, _) => $"until {End:u}",
        _ => $"from {Start:u} to {End:u}",
    };
}
