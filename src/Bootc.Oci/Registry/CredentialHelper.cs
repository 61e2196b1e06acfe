// Credentials that another program keeps.
using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Bootc.Oci.Model;

namespace Bootc.Oci.Registry;

/// <summary>Asks a program <c>docker-credential-NAME</c> (https://github.com/docker/docker-credential-helpers), by its standard input and output.</summary>
internal static class CredentialHelper
{
    private const string Prefix = "docker-credential-";
    private const string TokenUser = "<token>"; // the secret is an identity token
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>The credential for a registry, if the program has one.</summary>
    /// <exception cref="OciException">The program is missing, fails or answers what cannot be understood.</exception>
    public static Credential? Get(string helper, string registry)
    {
        string program = Prefix + helper;
        if (helper.Contains('/'))
        {
            throw new OciException($"'{helper}' is no name of a credential helper");
        }

        (int status, string answer, string errors) = Run(program, registry);
        if (status != 0)
        {
            string said = (errors.Length > 0 ? errors : answer).Split('\n')[0].Trim();
            return said.Contains("credentials not found", StringComparison.OrdinalIgnoreCase)
                ? null
                : throw new OciException($"the credential helper {program} fails for {registry}: {(said.Length > 0 ? said : $"exit code {status}")}");
        }

        try
        {
            HelperAnswer? found = JsonSerializer.Deserialize(answer, OciJson.Default.HelperAnswer);
            return found is null || string.IsNullOrEmpty(found.Secret) ? null
                : found.Username == TokenUser ? new Credential("", "", found.Secret) : new Credential(found.Username ?? "", found.Secret, null);
        }
        catch (JsonException e)
        {
            throw new OciException($"the credential helper {program} answers for {registry} what is no credential: {e.Message}", e);
        }
    }

    private static (int Status, string Answer, string Errors) Run(string program, string registry)
    {
        var start = new ProcessStartInfo(program, ["get"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            using Process process = Process.Start(start)!;
            Task<string> answer = process.StandardOutput.ReadToEndAsync();
            Task<string> errors = process.StandardError.ReadToEndAsync();
            process.StandardInput.Write(registry);
            process.StandardInput.Close();
            if (!process.WaitForExit(Limit))
            {
                process.Kill(entireProcessTree: true);
                throw new OciException($"the credential helper {program} did not answer within {Limit.TotalSeconds:F0} seconds");
            }

            return (process.ExitCode, answer.GetAwaiter().GetResult(), errors.GetAwaiter().GetResult());
        }
        catch (Exception e) when (e is Win32Exception or IOException)
        {
            throw new OciException($"the credential helper {program} cannot be run: {e.Message}", e);
        }
    }

    /// <summary>What a helper answers.</summary>
    internal sealed record HelperAnswer
    {
        [JsonPropertyName("Username")]
        public string? Username { get; init; }

        [JsonPropertyName("Secret")]
        public string? Secret { get; init; }
    }
}
