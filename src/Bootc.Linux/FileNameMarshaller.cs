// Passes file names to the kernel in FileName's encoding, from the stack where they are short.
using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;

namespace Bootc.Linux;

[CustomMarshaller(typeof(string), MarshalMode.ManagedToUnmanagedIn, typeof(ManagedToUnmanagedIn))]
internal static unsafe class FileNameMarshaller
{
    public ref struct ManagedToUnmanagedIn
    {
        private byte* _pointer;
        private bool _allocated;

        public static int BufferSize => 512;

        public void FromManaged(string name, Span<byte> buffer)
        {
            if (name.Contains('\0'))
            {
                throw new ArgumentException("a file name cannot hold a NUL character", nameof(name));
            }

            int capacity = FileName.GetMaxByteCount(name) + 1;
            if (capacity > buffer.Length)
            {
                _pointer = (byte*)NativeMemory.Alloc((nuint)capacity);
                _allocated = true;
                buffer = new Span<byte>(_pointer, capacity);
            }
            else
            {
                // The buffer is the caller's stack memory and does not move.
                _pointer = (byte*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref MemoryMarshal.GetReference(buffer));
            }

            buffer[FileName.Encode(name, buffer)] = 0;
        }

        public readonly byte* ToUnmanaged() => _pointer;

        public readonly void Free()
        {
            if (_allocated)
            {
                NativeMemory.Free(_pointer);
            }
        }
    }
}
