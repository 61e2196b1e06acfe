// File names survive the way from the kernel's bytes to strings and back.
namespace Bootc.Linux.Tests;

public class FileNameTests
{
    // Escaped characters are given by number: attributes cannot hold lone surrogates.
    [Theory]
    [InlineData(new byte[] { 0x61, 0x62 }, true, 0x61, 0x62)]
    [InlineData(new byte[] { 0xC3, 0xA9 }, true, 0xE9)]
    [InlineData(new byte[] { 0xF0, 0x9F, 0x92, 0xBE }, true, 0xD83D, 0xDCBE)]
    [InlineData(new byte[] { 0x61, 0xFF, 0x62 }, false, 0x61, 0xDCFF, 0x62)]
    [InlineData(new byte[] { 0xC3 }, false, 0xDCC3)]
    [InlineData(new byte[] { 0xED, 0xB3, 0xBF }, false, 0xDCED, 0xDCB3, 0xDCBF)]
    public void Bytes_round_trip(byte[] bytes, bool isUtf8, params int[] characters)
    {
        string name = FileName.Decode(bytes);

        Assert.Equal(characters, name.Select(c => (int)c));
        Assert.Equal(bytes, FileName.Encode(name));
        Assert.Equal(isUtf8, FileName.IsUtf8(name));
    }

    [Fact]
    public void A_surrogate_that_stands_for_no_byte_is_refused() =>
        Assert.Throws<ArgumentException>(() => FileName.Encode("\uD800"));
}
