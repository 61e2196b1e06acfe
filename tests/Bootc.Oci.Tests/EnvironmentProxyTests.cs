// The proxies of the environment, with the meaning that Go's programs give them.
using Bootc.Oci.Registry;

namespace Bootc.Oci.Tests;

public class EnvironmentProxyTests
{
    // As golang.org/x/net/http/httpproxy decides them.
    [Theory]
    [InlineData("", "https://quay.io/v2/", true)]
    [InlineData("", "https://localhost/v2/", false)]
    [InlineData("", "https://127.0.0.1:5000/v2/", false)]
    [InlineData("", "https://127.9.9.9/v2/", false)]
    [InlineData("", "https://[::1]/v2/", false)]
    [InlineData("quay.io", "https://quay.io/v2/", false)]
    [InlineData("quay.io", "https://cdn.quay.io/v2/", false)]
    [InlineData("quay.io", "https://notquay.io/v2/", true)]
    [InlineData("QUAY.io", "https://quay.IO/v2/", false)]
    [InlineData(".quay.io", "https://quay.io/v2/", true)]
    [InlineData(".quay.io", "https://cdn.quay.io/v2/", false)]
    [InlineData("*.quay.io", "https://quay.io/v2/", true)]
    [InlineData("*.quay.io", "https://cdn.quay.io/v2/", false)]
    [InlineData("quay.io:443", "https://quay.io/v2/", false)]
    [InlineData("quay.io:5000", "https://quay.io/v2/", true)]
    [InlineData("quay.io:5000", "https://quay.io:5000/v2/", false)]
    [InlineData("*", "https://quay.io/v2/", false)]
    [InlineData("10.0.0.0/8", "https://10.2.3.4:5000/v2/", false)]
    [InlineData("10.0.0.0/8", "https://11.2.3.4:5000/v2/", true)]
    [InlineData("10.1.2.3/8", "https://10.2.3.4:5000/v2/", false)]
    [InlineData("10.1.2.3", "https://10.1.2.3/v2/", false)]
    [InlineData("10.1.2.3:80", "https://10.1.2.3/v2/", true)]
    [InlineData("fd00::/8", "https://[fd00::5]:5000/v2/", false)]
    [InlineData("[fd00::5]:5000", "https://[fd00::5]:5000/v2/", false)]
    [InlineData("[fd00::5]:5000", "https://[fd00::5]/v2/", true)]
    [InlineData("fd00::5", "https://[fd00::5]/v2/", false)]
    [InlineData("other.example, quay.io", "https://quay.io/v2/", false)]
    [InlineData(" , ,:80,quay.io", "https://quay.io/v2/", false)]
    [InlineData("1.2.3.4.5/8,::::", "https://quay.io/v2/", true)]
    public void Places_are_reached_directly_or_by_the_proxy(string none, string destination, bool isByProxy)
    {
        EnvironmentProxy proxy = Create(("HTTPS_PROXY", "http://proxy.example:3128"), ("NO_PROXY", none));

        Assert.Equal(isByProxy ? "http://proxy.example:3128/" : null, proxy.GetProxy(new Uri(destination))?.ToString());
        Assert.Equal(!isByProxy, proxy.IsBypassed(new Uri(destination)));
    }

    [Theory]
    [InlineData("HTTP_PROXY=http://a:1 http_proxy=http://b:2", "http://quay.io/", "http://a:1/")]
    [InlineData("http_proxy=http://b:2", "http://quay.io/", "http://b:2/")]
    [InlineData("HTTP_PROXY=http://a:1", "https://quay.io/", null)]
    [InlineData("HTTPS_PROXY=http://a:1", "http://quay.io/", null)]
    [InlineData("HTTPS_PROXY=a:1", "https://quay.io/", "http://a:1/")]
    [InlineData("HTTPS_PROXY=proxy", "https://quay.io/", "http://proxy/")]
    [InlineData("HTTPS_PROXY=https://a", "https://quay.io/", "https://a/")]
    [InlineData("HTTPS_PROXY=socks5h://a:1080", "https://quay.io/", "socks5://a:1080/")]
    [InlineData("HTTP_PROXY=http://a:1 REQUEST_METHOD=GET", "http://quay.io/", null)]
    [InlineData("ALL_PROXY=http://c:3", "https://quay.io/", "http://c:3/")]
    [InlineData("ALL_PROXY=http://c:3 HTTPS_PROXY=http://a:1", "https://quay.io/", "http://a:1/")]
    public void Variables_name_proxies(string environment, string destination, string? proxy) =>
        Assert.Equal(proxy, Create([.. environment.Split(' ').Select(pair => pair.Split('=', 2)).Select(pair => (pair[0], pair[1]))]).GetProxy(new Uri(destination))?.ToString());

    [Fact]
    public void Credentials_are_those_of_the_address()
    {
        EnvironmentProxy proxy = Create(("HTTPS_PROXY", "http://al%40ice:pa%3Ass@proxy.example:3128"));

        Assert.Equal(("al@ice", "pa:ss"), proxy.GetCredential(proxy.GetProxy(new Uri("https://quay.io"))!, "Basic") is { } shown ? (shown.UserName, shown.Password) : default);
        Assert.Null(proxy.GetCredential(new Uri("http://quay.io"), "Basic"));
    }

    [Theory]
    [InlineData("ftp://proxy:1", "HTTPS_PROXY is 'ftp://proxy:1', which is no proxy such as http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT")]
    [InlineData("http://user:secret@:x", "HTTPS_PROXY is 'http://…@:x', which is no proxy such as http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT")]
    public void What_is_no_proxy_is_told_without_its_password(string value, string message) =>
        Assert.Equal(message, Assert.Throws<OciException>(() => Create(("HTTPS_PROXY", value))).Message);

    private static EnvironmentProxy Create(params (string Name, string Value)[] variables) =>
        new(name => variables.FirstOrDefault(variable => variable.Name == name).Value);
}
