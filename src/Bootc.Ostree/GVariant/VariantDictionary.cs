// The dictionaries a{sv} in which ostree keeps metadata: ordered, as their bytes count for checksums.
using System.Collections;

namespace Bootc.Ostree.GVariant;

/// <summary>An <c>a{sv}</c>: keys to values of any type, in the order in which they are serialized.</summary>
public sealed class VariantDictionary : IEnumerable<KeyValuePair<string, GVariantValue>>
{
    private const string TypeString = "a{sv}";
    private readonly List<KeyValuePair<string, GVariantValue>> _entries = [];

    /// <summary>How many entries there are.</summary>
    public int Count => _entries.Count;

    /// <summary>The keys, in order.</summary>
    public IEnumerable<string> Keys => _entries.Select(entry => entry.Key);

    /// <summary>Reads the serialized bytes of an <c>a{sv}</c>.</summary>
    /// <exception cref="GVariantException">They are not in normal form.</exception>
    public static VariantDictionary Parse(ReadOnlyMemory<byte> data) => FromValue(new GVariantValue(TypeString, data));

    /// <summary>Reads a value of type <c>a{sv}</c>.</summary>
    public static VariantDictionary FromValue(GVariantValue value)
    {
        if (value.Type != TypeString)
        {
            throw new GVariantException($"a dictionary has the type {value.Type} instead of {TypeString}");
        }

        var dictionary = new VariantDictionary();
        foreach (GVariantValue entry in value.AsArray())
        {
            GVariantValue[] members = entry.AsTuple();
            dictionary._entries.Add(new(members[0].AsString(), members[1].AsVariant()));
        }

        return dictionary;
    }

    /// <summary>Adds an entry, or changes the value where the key is already there.</summary>
    public VariantDictionary Set(string key, GVariantValue value)
    {
        int index = _entries.FindIndex(entry => entry.Key == key);
        if (index >= 0)
        {
            _entries[index] = new(key, value);
        }
        else
        {
            _entries.Add(new(key, value));
        }

        return this;
    }

    /// <summary>Adds an entry; for collection initializers.</summary>
    public void Add(string key, GVariantValue value) => Set(key, value);

    /// <summary>Removes an entry; <see langword="false"/> when there was none.</summary>
    public bool Remove(string key) => _entries.RemoveAll(entry => entry.Key == key) > 0;

    /// <summary>Whether there is such a key.</summary>
    public bool ContainsKey(string key) => TryGet(key) is not null;

    /// <summary>A key's value, or <see langword="null"/>.</summary>
    public GVariantValue? TryGet(string key)
    {
        foreach (KeyValuePair<string, GVariantValue> entry in _entries)
        {
            if (entry.Key == key)
            {
                return entry.Value;
            }
        }

        return null;
    }

    /// <summary>A key's string, or <see langword="null"/> when it is absent or no string.</summary>
    public string? TryGetString(string key) => TryGet(key) is { Type: "s" } value ? value.AsString() : null;

    /// <summary>A key's bytes, or <see langword="null"/> when it is absent or no <c>ay</c>.</summary>
    public ReadOnlyMemory<byte>? TryGetBytes(string key) => TryGet(key) is { Type: "ay" } value ? value.AsBytes() : default(ReadOnlyMemory<byte>?); // a bare null would be empty bytes

    /// <summary>A key's boolean, or <see langword="null"/> when it is absent or no <c>b</c>.</summary>
    public bool? TryGetBoolean(string key) => TryGet(key) is { Type: "b" } value ? value.AsBoolean() : null;

    /// <summary>The dictionary as a value of type <c>a{sv}</c>.</summary>
    public GVariantValue ToValue() => GVariantValue.Array(
        "{sv}",
        [.. _entries.Select(entry => GVariantValue.DictionaryEntry(GVariantValue.FromString(entry.Key), GVariantValue.Variant(entry.Value)))]);

    /// <summary>The serialized bytes.</summary>
    public byte[] Serialize() => ToValue().Data.ToArray();

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, GVariantValue>> GetEnumerator() => _entries.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
