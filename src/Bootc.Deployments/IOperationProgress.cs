// What operations tell while they run.
using Bootc.Import;

namespace Bootc.Deployments;

/// <summary>Told what an operation does, for whoever watches: a terminal, a program, or nobody.</summary>
public interface IOperationProgress : IImportProgress
{
    /// <summary>Something that was done, or need not be, as a sentence for users.</summary>
    void Message(string text);
}
