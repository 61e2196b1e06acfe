// The specification in a BootcHost document, or a part of one.
using System.Globalization;
using Bootc.Deployments.Boot;
using Bootc.Deployments.Bound;
using Bootc.Oci;
using Bootc.Oci.Model;
using Bootc.Updates.Windows;
using YamlDotNet.RepresentationModel;

namespace Bootc.Updates.Documents;

/// <summary>Reads the member <c>spec</c> of documents. A part of one, which is laid over others, need not be complete.</summary>
internal static class HostSpecReader
{
    private const string Version = HostDocument.Version;

    /// <summary>Reads a specification.</summary>
    /// <param name="spec">Its members.</param>
    /// <param name="faults">Takes what is wrong.</param>
    /// <param name="isPart">Whether others are laid under or over it: then it may lack what must be there in the end, and have directions for that.</param>
    public static HostDocument Read(YamlMembers spec, List<DocumentFault> faults, bool isPart = false)
    {
        DocumentMerge.TakeDirections(spec, isPart);
        YamlNode? image = spec.Take("image"), kernel = spec.Take("kernelArguments"), updates = spec.Take("updates"), packages = spec.Take("packages"), bound = spec.Take("boundImages");
        bool? rollback = spec.Take<bool>("bootOrder", text => text switch { "default" => false, "rollback" => true, _ => null }, "default or rollback");
        spec.End(Version);
        return new HostDocument(IsNothing(image) ? null : ReadImage(image!, faults, isPart), rollback ?? false)
        {
            KernelArguments = IsNothing(kernel) ? null : ReadKernelArguments(kernel!, faults, isPart),
            Packages = IsNothing(packages) ? null : ReadTexts(packages!, "packages", faults, IsPackage, "a package's name, as NAME, NAME:ARCH or NAME=VERSION"),
            BoundImages = IsNothing(bound) ? null : ReadTexts(bound!, "boundImages", faults, BoundImages.IsName, "the name of an image, as podman takes it"),
            Updates = IsNothing(updates) ? null : ReadUpdates(updates!, faults, isPart),
        };
    }

    private static OstreeImageReference? ReadImage(YamlNode node, List<DocumentFault> faults, bool isPart)
    {
        if (YamlMembers.Of(node, "spec.image", faults) is not { } members)
        {
            return null;
        }

        DocumentMerge.TakeDirections(members, isPart);
        string? name = isPart ? TakeText(members, "image") : members.TakeText("image", isRequired: true), transport = TakeText(members, "transport") ?? "registry";
        YamlNode? signature = members.Take("signature");
        members.End(Version);
        (SignatureVerification verification, string? remote) = IsNothing(signature) ? (SignatureVerification.ContainerPolicyAllowInsecure, null) : ReadSignature(signature!, faults);
        if (name is null)
        {
            return null;
        }

        try
        {
            var reference = ImageReference.Parse($"{transport}:{name}");
            if (reference.Transport == Transport.Registry)
            {
                _ = RegistryReference.Parse(reference.Name);
            }

            return new OstreeImageReference(verification, remote, reference);
        }
        catch (FormatException e)
        {
            members.Fault(node, e.Message);
            return null;
        }
    }

    private static (SignatureVerification Verification, string? Remote) ReadSignature(YamlNode node, List<DocumentFault> faults)
    {
        switch (node)
        {
            case YamlScalarNode { Value: { Length: > 0 } remote } scalar when !scalar.Tag.IsEmpty && scalar.Tag.Value == "!ostreeRemote": // as bootc writes it
                return (SignatureVerification.OstreeRemote, remote);
            case YamlScalarNode { Value: "containerPolicy" }:
                return (SignatureVerification.ContainerPolicy, null);
            case YamlScalarNode { Value: "insecure" }:
                return (SignatureVerification.ContainerPolicyAllowInsecure, null);
            case YamlMappingNode when YamlMembers.Of(node, "signature", faults) is { } members && members.TakeText("ostreeRemote", isRequired: true) is { } named:
                members.End(Version);
                return (SignatureVerification.OstreeRemote, named);
            default:
                faults.Add(YamlMembers.At(node, "signature is neither containerPolicy nor insecure nor an ostreeRemote"));
                return default;
        }
    }

    private static KernelArgumentsWish? ReadKernelArguments(YamlNode node, List<DocumentFault> faults, bool isPart)
    {
        if (YamlMembers.Of(node, "kernelArguments", faults) is not { } members)
        {
            return null;
        }

        DocumentMerge.TakeDirections(members, isPart);
        string[] present = Words("present"), absent = Words("absent");
        members.End(Version);
        if (present.FirstOrDefault(word => absent.Any(unwanted => KernelArgumentsWish.Means(unwanted, word))) is { } both)
        {
            members.Fault(node, $"kernelArguments wants '{both}' both present and absent");
        }

        return new KernelArgumentsWish(present, absent);

        string[] Words(string name) => members.Take(name) is { } list && !IsNothing(list)
            ? ReadTexts(list, name, faults, IsKernelArgument, "one word of a kernel command line, other than ostree") : [];
    }

    private static UpdatesWish? ReadUpdates(YamlNode node, List<DocumentFault> faults, bool isPart)
    {
        if (YamlMembers.Of(node, "updates", faults) is not { } members)
        {
            return null;
        }

        DocumentMerge.TakeDirections(members, isPart);
        (WeeklyWindow[] Windows, UpdatesWish.WrittenWindow Written)[] windows = members.Take("window") is { } list && !IsNothing(list) ? ReadWindows(list, faults) : [];
        string? zone = TakeText(members, "timeZone"), paused = TakeText(members, "paused"), pin = TakeText(members, "pin");
        members.End(Version);
        Digest digest = default;
        if (pin is not null && !Digest.TryParse(pin, out digest))
        {
            members.Fault(node, $"pin is '{pin}', not the digest of an image");
        }

        if (zone is not null && DescribeZone(zone) is { } fault)
        {
            members.Fault(node, fault);
        }

        return new UpdatesWish
        {
            Windows = [.. windows.SelectMany(window => window.Windows)],
            Written = [.. windows.Select(window => window.Written)],
            TimeZone = zone ?? "UTC",
            Pin = pin is null ? null : digest,
            Paused = paused switch { null or "false" => null, "true" => "no reason is given", _ => paused },
        };
    }

    private static (WeeklyWindow[] Windows, UpdatesWish.WrittenWindow Written)[] ReadWindows(YamlNode node, List<DocumentFault> faults)
    {
        if (node is not YamlSequenceNode list)
        {
            faults.Add(YamlMembers.At(node, "window is no list"));
            return [];
        }

        return [.. list.Children.Select(item => ReadWindow(item, faults)).OfType<(WeeklyWindow[], UpdatesWish.WrittenWindow)>()];
    }

    private static (WeeklyWindow[] Windows, UpdatesWish.WrittenWindow Written)? ReadWindow(YamlNode node, List<DocumentFault> faults)
    {
        if (YamlMembers.Of(node, "a window", faults) is not { } members)
        {
            return null;
        }

        YamlNode? days = members.Take("days");
        TimeOnly? start = members.Take("startTime", WindowText.TryParseTime, "a time as 23:30");
        double? length = members.TakeNumber("lengthMinutes", 1, WeeklyWindow.MinutesOfWeek, $"a number of minutes from 1 to {WeeklyWindow.MinutesOfWeek}");
        members.End(Version);
        string[] names = days is null ? [] : ReadTexts(days, "days", faults, name => WindowText.TryParseDay(name) is not null, "a day's name in English");
        if (names.Length == 0 || start is not { } time || length is not { } minutes)
        {
            members.Fault(node, "a window has days, a startTime and its lengthMinutes");
            return null;
        }

        int whole = (int)minutes;
        return (
            [.. names.Distinct(StringComparer.Ordinal).SelectMany(day => WeeklyWindow.Create(WindowText.TryParseDay(day)!.Value, time, whole))],
            new UpdatesWish.WrittenWindow(names, time.ToString("HH:mm", CultureInfo.InvariantCulture), whole));
    }

    private static string? DescribeZone(string zone)
    {
        try
        {
            _ = TimeZones.Find(zone);
            return null;
        }
        catch (UpdatesException e)
        {
            return e.Message;
        }
    }

    private static string? TakeText(YamlMembers members, string name) => members.Take(name) is { } node && !IsNothing(node) ? members.Text(node, name) : null;

    private static string[] ReadTexts(YamlNode node, string name, List<DocumentFault> faults, Func<string, bool> isValid, string form)
    {
        if (node is not YamlSequenceNode list)
        {
            faults.Add(YamlMembers.At(node, $"{name} is no list"));
            return [];
        }

        var texts = new List<string>();
        foreach (YamlNode item in list.Children)
        {
            if (item is YamlScalarNode { Value: { Length: > 0 } text } && isValid(text))
            {
                texts.Add(text);
            }
            else
            {
                faults.Add(YamlMembers.At(item, $"{name} has {(item is YamlScalarNode scalar ? $"'{scalar.Value}'" : "an item")}, which is not {form}"));
            }
        }

        return [.. texts.Distinct(StringComparer.Ordinal)];
    }

    private static bool IsKernelArgument(string word) =>
        KernelArguments.Parse(word).Words is [var parsed] && parsed == word && !word.StartsWith('=') && word.Split('=')[0] != "ostree";

    private static bool IsPackage(string name) => name.Length <= 256 && Layering.PackageOperation.IsPackageName(name);

    internal static bool IsNothing(YamlNode? node) => node is null or YamlScalarNode { Value: null or "" or "null" or "~" };
}
