// The running system, of Debian packages.
namespace Bootc.Layering.Tests;

public sealed class DebianLiveTests(DebianHost host) : LiveCases(host), IClassFixture<DebianHost>;
