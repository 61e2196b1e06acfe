// Virtual machines run one after the other: several at once would only be slower, and run into their time limits.
using Xunit.Sdk;

[assembly: Parallelization(Mode = ParallelMode.None)]
