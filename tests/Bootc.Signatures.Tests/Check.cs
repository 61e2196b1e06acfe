// One call that asks a policy about an image.
using System.Text;
using Bootc.Oci;
using Bootc.Oci.Model;
using Bootc.Signatures.Policy;

namespace Bootc.Signatures.Tests;

internal static class Check
{
    /// <summary>Asks for an image what a policy with one requirement says.</summary>
    public static Task<PolicyVerdict> RunAsync(string requirement, string image, OciOptions? options = null, TimeProvider? clock = null) =>
        RunPolicyAsync($$"""{"default":[{{requirement}}]}""", image, options, clock);

    /// <summary>Asks a policy about an image.</summary>
    public static async Task<PolicyVerdict> RunPolicyAsync(string policy, string image, OciOptions? options = null, TimeProvider? clock = null)
    {
        await using IImageSource source = ImageSources.Open(ImageReference.Parse(image), options);
        ResolvedManifest manifest = await source.FetchManifestAsync(Platform.Current, TestContext.Current.CancellationToken);
        return await new PolicyCheck(ContainersPolicy.Parse(Encoding.UTF8.GetBytes(policy), "policy.json"), clock) { Options = options ?? new OciOptions() }.RunAsync(source, manifest, TestContext.Current.CancellationToken);
    }
}
