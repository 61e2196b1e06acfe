// A counting semaphore whose holders are known, as it is stored.
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Bootc.Updates.FleetLock;

/// <summary>
/// A semaphore: how many may hold it, and who does. Values are never changed, but replaced. Stored as airlock stores its own,
/// with one member more, <c>since</c>, which airlock passes over, and drops when it changes the semaphore.
/// </summary>
public sealed record RebootSemaphore
{
    /// <summary>How many may hold it at a time.</summary>
    [JsonPropertyName("total_slots"), JsonRequired]
    public required ulong TotalSlots { get; init; }

    /// <summary>Who holds it, sorted by the bytes of the names in UTF-8, each once.</summary>
    [JsonPropertyName("holders")]
    public IReadOnlyList<string> Holders { get => field ?? []; init; } = [];

    /// <summary>Since when each of the holders holds it, in seconds since 1970; those that another program let in are missing.</summary>
    [JsonPropertyName("since")]
    public IReadOnlyDictionary<string, long>? Since { get; init; }

    /// <summary>Whether nobody else is let in.</summary>
    [JsonIgnore]
    public bool IsFull => (ulong)Holders.Count >= TotalSlots;

    /// <summary>Whether someone holds it.</summary>
    public bool IsHeldBy(string id) => Holders.Contains(id, StringComparer.Ordinal);

    /// <summary>Since when someone holds it, where that is known.</summary>
    public DateTimeOffset? HeldSince(string id) =>
        Since is not null && Since.TryGetValue(id, out long seconds) && seconds is >= 0 and < 253_402_300_800 ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;

    /// <summary>This with one holder more; itself when that one holds it already or it is full.</summary>
    public RebootSemaphore WithHolder(string id, DateTimeOffset now)
    {
        if (IsHeldBy(id) || IsFull)
        {
            return this;
        }

        List<string> holders = [.. Holders, id];
        holders.Sort(CompareBytes);
        return this with { Holders = holders, Since = new Dictionary<string, long>(Since ?? new Dictionary<string, long>(), StringComparer.Ordinal) { [id] = now.ToUnixTimeSeconds() } };
    }

    /// <summary>This without one holder; itself when that one does not hold it.</summary>
    public RebootSemaphore WithoutHolder(string id)
    {
        if (!IsHeldBy(id))
        {
            return this;
        }

        Dictionary<string, long>? since = Since?.Where(pair => pair.Key != id && IsHeldBy(pair.Key)).ToDictionary(StringComparer.Ordinal);
        return this with { Holders = [.. Holders.Where(holder => holder != id)], Since = since is { Count: > 0 } ? since : null };
    }

    /// <summary>This with another number of slots; itself when it is the same. Holders stay, even when they are too many.</summary>
    public RebootSemaphore WithSlots(ulong slots) => slots == TotalSlots ? this : this with { TotalSlots = slots };

    /// <summary>The stored form: JSON in UTF-8.</summary>
    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, FleetLockJson.Default.RebootSemaphore);

    /// <summary>Reads the stored form.</summary>
    /// <param name="bytes">JSON in UTF-8.</param>
    /// <param name="place">Where it was, for messages.</param>
    /// <exception cref="LockStoreException">It is malformed.</exception>
    public static RebootSemaphore Parse(ReadOnlySpan<byte> bytes, string place)
    {
        try
        {
            return JsonSerializer.Deserialize(bytes, FleetLockJson.Default.RebootSemaphore) ?? throw new JsonException("it is null");
        }
        catch (JsonException e)
        {
            throw new LockStoreException($"{place} is no semaphore: {e.Message}", e);
        }
    }

    private static int CompareBytes(string a, string b) => Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b));
}
