// What a policy can ask of an image.
namespace Bootc.Signatures.Policy;

/// <summary>A requirement of containers-policy.json(5).</summary>
public abstract record PolicyRequirement
{
    /// <summary>The requirement's type, as the policy has it.</summary>
    public abstract string Type { get; }

    /// <summary>The requirement in a few words, for those who ask why an image was refused.</summary>
    public virtual string Description => Type;
}
