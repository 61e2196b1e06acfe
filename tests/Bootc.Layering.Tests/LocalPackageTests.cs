// Package files as origins name them.
using Bootc.Deployments;

namespace Bootc.Layering.Tests;

public sealed class LocalPackageTests
{
    [Theory]
    [InlineData("hello_2.10-3_amd64", "hello")]
    [InlineData("lib-a.b+c_1:2.10~rc1-3.1_kfreebsd-amd64", "lib-a.b+c")]
    [InlineData("tool_1.0_all", "tool")]
    [InlineData("tool-1.0-1.x86_64", "tool")]
    [InlineData("lib_tool-3-x-1:1.0-1.fc43.noarch", "lib_tool-3-x")]
    [InlineData("tool_2-1.0_b-1.el10.x86_64_v2", "tool_2")]
    [InlineData("tool-1.0-1.aarch64", "tool")]
    public void The_name_of_a_package_is_found_in_its_identity(string identity, string name) => Assert.Equal(name, new LocalPackage("", identity).Name);
}
