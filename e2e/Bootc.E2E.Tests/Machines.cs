// The tests in virtual machines run one after the other: several at once would only be slower, and run into their time limits.
namespace Bootc.E2E.Tests;

/// <summary>The collection that all classes with virtual machines belong to.</summary>
internal static class Machines
{
    /// <summary>The collection's name.</summary>
    public const string Collection = "virtual machines";
}
