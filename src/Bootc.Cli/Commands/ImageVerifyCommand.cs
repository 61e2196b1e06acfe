// bootc image verify
using System.CommandLine;
using Bootc.Cli.CommandLine;
using Bootc.Oci;
using Bootc.Oci.Model;
using Bootc.Signatures;
using Bootc.Signatures.Policy;

namespace Bootc.Cli.Commands;

internal static class ImageVerifyCommand
{
    private const string DefaultPolicy = "/etc/containers/policy.json";

    public static Command Create()
    {
        var image = new Argument<string>("IMAGE") { Description = "The image: NAME[:TAG] or NAME@DIGEST in a registry, PATH[:TAG] for other transports" };
        var transport = TransportOption.Create("--transport", "the image");
        var policy = new Option<string>("--policy") { Description = $"The policy, instead of {DefaultPolicy}", DefaultValueFactory = _ => DefaultPolicy, HelpName = "FILE" };
        var enforce = new Option<bool>("--enforce-container-sigpolicy") { Description = "Refuse also what the policy accepts without a signature" };
        var command = new DocumentedCommand("verify", "Check an image's signatures, and explain what the policy asks and gets", image, transport, policy, enforce)
        {
            UsesSysroot = false,
            Details =
            [
                "The policy's requirements for the image are printed one by one: by which key or identity each is met, or why it is not. The exit code is 0 when all are met, and 1 otherwise: then 'bootc switch' and 'bootc upgrade' would refuse the image.",
                "Nothing of the image is fetched but its manifest and its signatures. See containers-policy.json(5), and containers-registries.d(5) for where signatures are looked for.",
            ],
            Examples = [("bootc image verify registry.example.com/os:stable", "Check whether the host would accept an image."), ("bootc image verify --policy new-policy.json registry.example.com/os:stable", "Try a policy before it is in force.")],
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            ImageReference reference = SwitchCommand.ReadReference(parsed.GetValue(transport) ?? TransportOption.Default, parsed.GetRequiredValue(image));
            PolicyVerdict? verdict = await CheckAsync(reference, parsed.GetValue(policy)!, cancellation);
            if (verdict is null)
            {
                Console.Out.WriteLine($"Policy:   there is none at {parsed.GetValue(policy)}, so any image is accepted");
                return Conclude(!parsed.GetValue(enforce), false);
            }

            Show(verdict);
            return Conclude(verdict.IsAccepted && (verdict.IsSigned || !parsed.GetValue(enforce)), verdict.IsSigned);
        });
        return command;
    }

    private static async Task<PolicyVerdict?> CheckAsync(ImageReference reference, string path, CancellationToken cancellation)
    {
        ContainersPolicy? policy = ContainersPolicy.TryLoad(path);
        if (policy is null && path != DefaultPolicy)
        {
            throw new FileNotFoundException($"'{path}' is not there", path);
        }

        await using IImageSource source = ImageSources.Open(reference);
        ResolvedManifest manifest = await source.FetchManifestAsync(Platform.Current, cancellation);
        Console.Out.WriteLine($"Image:    {reference}");
        Console.Out.WriteLine($"Manifest: {manifest.Digest}{(manifest.IndexDigest is { } index ? $" of the index {index}" : "")}");
        return policy is null ? null : await new PolicyCheck(policy).RunAsync(source, manifest, cancellation);
    }

    private static void Show(PolicyVerdict verdict)
    {
        Console.Out.WriteLine($"Policy:   {verdict.Policy}, {verdict.Scope}");
        foreach (RequirementResult result in verdict.Requirements)
        {
            Console.Out.WriteLine($"{(result.IsMet ? "  met:     " : "  not met: ")}{result.Requirement.Description}");
            if ((result.Evidence?.ToString() ?? result.Reason) is { } why)
            {
                Console.Out.WriteLine($"           {why}");
            }
        }
    }

    private static int Conclude(bool isAccepted, bool isSigned)
    {
        Console.Out.WriteLine(isAccepted ? isSigned ? "Accepted: it is signed as the policy asks" : "Accepted, without a signature" : "Refused");
        return isAccepted ? 0 : 1;
    }
}
