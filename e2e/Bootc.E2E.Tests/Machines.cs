// How many virtual machines there are at once: each emulates one processor, and more of them than the machine has are only slower.
[assembly: Xunit.v3.Parallelization(MaxThreads = 2)]
