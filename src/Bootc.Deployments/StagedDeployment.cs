// The record of a deployment that waits for shutdown: /run/ostree/staged-deployment.
using Bootc.Linux;
using Bootc.Ostree.GVariant;

namespace Bootc.Deployments;

/// <summary>What is to be finalized at shutdown, in libostree's format (<c>a{sv}</c>).</summary>
internal sealed record StagedDeployment(Deployment Target, Deployment? Merge, string[]? KernelArguments, bool IsLocked)
{
    private const string Folder = "/run/ostree";
    private const string Name = "staged-deployment";
    private const string LockName = "staged-deployment-locked";
    private const string ExtensionsKey = "bootconfig-extra";

    /// <summary>What other programs note in its boot entry.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> EntryExtensions { get; init; } = [];

    public static StagedDeployment? TryRead()
    {
        if (!File.Exists($"{Folder}/{Name}"))
        {
            return null;
        }

        try
        {
            VariantDictionary record = VariantDictionary.Parse(File.ReadAllBytes($"{Folder}/{Name}"));
            return new StagedDeployment(
                ReadDeployment(record, "target") ?? throw new GVariantException("it has no target"),
                ReadDeployment(record, "merge-deployment"),
                record.TryGet("kargs")?.AsStringArray(),
                record.TryGetBoolean("locked") == true || File.Exists($"{Folder}/{LockName}"))
            {
                EntryExtensions = ReadTexts(record, ExtensionsKey),
            };
        }
        catch (GVariantException e)
        {
            throw new DeploymentException($"{Folder}/{Name} is malformed: {e.Message}", e);
        }
    }

    public void Write()
    {
        var record = new VariantDictionary { { "target", ToValue(Target) } };
        if (IsLocked)
        {
            record.Add("locked", GVariantValue.FromBoolean(true));
        }

        if (Merge is not null)
        {
            record.Add("merge-deployment", ToValue(Merge));
        }

        if (KernelArguments is not null)
        {
            record.Add("kargs", GVariantValue.FromStringArray(KernelArguments));
        }

        if (EntryExtensions.Count > 0)
        {
            record.Add(ExtensionsKey, GVariantValue.Array(
                "{ss}", [.. EntryExtensions.Select(entry => GVariantValue.DictionaryEntry(GVariantValue.FromString(entry.Key), GVariantValue.FromString(entry.Value)))]));
        }

        Directory.CreateDirectory(Folder);
        using DirectoryHandle folder = DirectoryHandle.Open(Folder);
        folder.WriteAllBytesAtomically(Name, record.Serialize(), sync: false);
    }

    public static void Remove()
    {
        if (!Directory.Exists(Folder))
        {
            return;
        }

        using DirectoryHandle folder = DirectoryHandle.Open(Folder);
        folder.TryRemoveFile(Name);
        folder.TryRemoveFile(LockName);
    }

    /// <summary>Removes the file by which libostree locked what is staged before its record said so.</summary>
    public static void RemoveLock()
    {
        using DirectoryHandle folder = DirectoryHandle.Open(Folder);
        folder.TryRemoveFile(LockName);
    }

    private static GVariantValue ToValue(Deployment deployment) => new VariantDictionary
    {
        { "name", GVariantValue.FromString(deployment.DirectoryName) },
        { "osname", GVariantValue.FromString(deployment.Stateroot) },
        { "bootcsum", GVariantValue.FromString(deployment.Bootcsum) },
    }.ToValue();

    private static KeyValuePair<string, string>[] ReadTexts(VariantDictionary record, string key)
    {
        if (record.TryGet(key) is not { } value)
        {
            return [];
        }

        return value.Type == "a{ss}"
            ? [.. value.AsArray().Select(entry => entry.AsTuple()).Select(entry => KeyValuePair.Create(entry[0].AsString(), entry[1].AsString()))]
            : throw new GVariantException($"{key} has the type {value.Type} instead of a{{ss}}");
    }

    private static Deployment? ReadDeployment(VariantDictionary record, string key)
    {
        if (record.TryGet(key) is not { } value)
        {
            return null;
        }

        VariantDictionary fields = VariantDictionary.FromValue(value);
        string name = fields.TryGetString("name") ?? throw new GVariantException($"{key} has no name");
        return Deployment.TryParseName(name, out var commit, out int serial)
            ? new Deployment
            {
                Stateroot = fields.TryGetString("osname") ?? throw new GVariantException($"{key} has no osname"),
                Bootcsum = fields.TryGetString("bootcsum") ?? throw new GVariantException($"{key} has no bootcsum"),
                Commit = commit,
                Serial = serial,
            }
            : throw new GVariantException($"'{name}' is no name of a deployment");
    }
}
