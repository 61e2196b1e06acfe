// The checks that decide whether a boot went well.
namespace Bootc.Deployments.Health;

/// <summary>
/// Runs the programs in <c>required.d</c> and <c>wanted.d</c> of <c>/usr/lib/bootc/health.d</c> and <c>/etc/bootc/health.d</c>: see
/// <see cref="ProgramFolder"/>.
/// </summary>
public static class HealthChecks
{
    /// <summary>Runs all checks below a root; those that are required first.</summary>
    public static IEnumerable<HealthCheck> Run(string root) => Run(root, "required.d", isRequired: true).Concat(Run(root, "wanted.d", isRequired: false));

    private static IEnumerable<HealthCheck> Run(string root, string kind, bool isRequired) =>
        ProgramFolder.Run(root, $"health.d/{kind}").Select(check => new HealthCheck(check.Name, isRequired, check.Failure));
}
