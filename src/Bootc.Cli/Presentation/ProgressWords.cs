// How what is moved is called.
namespace Bootc.Cli.Presentation;

/// <summary>The words in which progress is told.</summary>
/// <param name="Doing">What is done, at the beginning of a sentence.</param>
/// <param name="Verb">The same within one.</param>
/// <param name="Things">What is moved.</param>
/// <param name="Task">The name for programs.</param>
/// <param name="Description">The description for programs.</param>
internal sealed record ProgressWords(string Doing, string Verb, string Things, string Task, string Description)
{
    /// <summary>An image comes.</summary>
    public static ProgressWords Pull { get; } = new("Fetching", "fetch", "layer", "pulling", "Pulling image");

    /// <summary>An image goes.</summary>
    public static ProgressWords Push { get; } = new("Pushing", "push", "blob", "pushing", "Pushing image");
}
