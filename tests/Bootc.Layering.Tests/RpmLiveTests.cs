// The running system, of RPM packages.
namespace Bootc.Layering.Tests;

public sealed class RpmLiveTests(RpmHost host) : LiveCases(host), IClassFixture<RpmHost>;
