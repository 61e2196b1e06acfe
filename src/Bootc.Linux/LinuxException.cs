// What a failed system call throws: which call, on what, and the kernel's reason.
using System.Runtime.InteropServices;

namespace Bootc.Linux;

/// <summary>A system call failed. The message names the operation, the path and the kernel's reason.</summary>
public class LinuxException : IOException
{
    /// <summary>Describes a failed <paramref name="operation"/> on <paramref name="path"/>.</summary>
    /// <param name="operation">What was tried, as a verb phrase: <c>open</c>, <c>create directory</c>.</param>
    /// <param name="path">What it was tried on.</param>
    /// <param name="error">The kernel's error number.</param>
    public LinuxException(string operation, string path, Errno error)
        : base($"cannot {operation} '{path}': {Describe(error)}")
    {
        Operation = operation;
        Path = path;
        Error = error;
    }

    /// <summary>What was tried, as a verb phrase.</summary>
    public string Operation { get; }

    /// <summary>What it was tried on, as shown to users.</summary>
    public string Path { get; }

    /// <summary>The kernel's error number.</summary>
    public Errno Error { get; }

    /// <summary>Whether the file system is full or a quota is used up.</summary>
    public bool IsDiskFull => Error is Errno.ENOSPC or Errno.EDQUOT;

    /// <summary>The error as text: <c>No such file or directory (ENOENT)</c>.</summary>
    public static string Describe(Errno error)
    {
        string text = Marshal.GetPInvokeErrorMessage((int)error);
        return Enum.IsDefined(error) ? $"{text} ({error})" : $"{text} (error {(int)error})";
    }
}
