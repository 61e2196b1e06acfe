// The repository of an installation.
using System.Text.Json.Serialization;

namespace Bootc.Install;

/// <summary>The table <c>[install.ostree]</c>.</summary>
/// <param name="AppendExceptDefault">What boot entries other than the default one have besides.</param>
internal sealed record InstallOstree([property: JsonPropertyName("bls-append-except-default")] string AppendExceptDefault);
