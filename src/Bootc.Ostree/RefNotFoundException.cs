// A name stands for no commit.
namespace Bootc.Ostree;

/// <summary>There is no ref or commit of a name.</summary>
public sealed class RefNotFoundException(string name, string repository)
    : OstreeException($"no ref or commit '{name}' in the repository {repository}");
