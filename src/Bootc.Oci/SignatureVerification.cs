// How the signatures of an image are to be verified before it is used.
namespace Bootc.Oci;

/// <summary>The kinds of verification that ostree-ext's references distinguish.</summary>
public enum SignatureVerification
{
    /// <summary>By the containers policy, which must not accept everything.</summary>
    ContainerPolicy,

    /// <summary>By the containers policy, whatever it says.</summary>
    ContainerPolicyAllowInsecure,

    /// <summary>By the keys of an ostree remote, for the commit in the image.</summary>
    OstreeRemote,
}
