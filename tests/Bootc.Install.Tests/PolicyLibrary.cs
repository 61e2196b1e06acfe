// libselinux: what it says of a file's label is what the system will say.
using System.Runtime.InteropServices;

namespace Bootc.Install.Tests;

/// <summary>A policy's file contexts, looked up by libselinux (selabel_lookup(3)).</summary>
internal sealed partial class PolicyLibrary : IDisposable
{
    private const string Library = "libselinux.so.1";
    private const int OptionPath = 3; // SELABEL_OPT_PATH
    private readonly nint _handle;

    /// <summary>Opens a file with patterns; files with substitutions are looked for beside it. Skips the test without the library.</summary>
    public PolicyLibrary(string path)
    {
        Assert.SkipUnless(NativeLibrary.TryLoad(Library, out _), "there is no libselinux");
        nint text = Marshal.StringToCoTaskMemUTF8(path);
        _handle = Open(0, [OptionPath, text], 1);
        Marshal.FreeCoTaskMem(text);
        Assert.NotEqual(0, _handle);
    }

    /// <summary>The label of a path, or <see langword="null"/>.</summary>
    public string? Lookup(string path, uint mode)
    {
        if (Lookup(_handle, out nint label, path, (int)mode) != 0)
        {
            return null;
        }

        string? text = Marshal.PtrToStringUTF8(label);
        Free(label);
        return text;
    }

    public void Dispose() => Close(_handle);

    // struct selinux_opt: an int, padding, a pointer.
    [LibraryImport(Library, EntryPoint = "selabel_open")]
    private static partial nint Open(uint backend, nint[] options, uint count);

    [LibraryImport(Library, EntryPoint = "selabel_lookup_raw", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Lookup(nint handle, out nint label, string path, int mode);

    [LibraryImport(Library, EntryPoint = "selabel_close")]
    private static partial void Close(nint handle);

    [LibraryImport(Library, EntryPoint = "freecon")]
    private static partial void Free(nint label);
}
