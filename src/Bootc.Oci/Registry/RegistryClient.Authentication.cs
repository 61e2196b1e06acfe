// Credentials and tokens: what to show a registry that asks.
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Bootc.Oci.Model;

namespace Bootc.Oci.Registry;

public sealed partial class RegistryClient
{
    private const int MaximumTokenBody = 1024 * 1024;

    private async Task<AuthenticationHeaderValue?> AuthenticateAsync(
        HttpResponseMessage response, RegistryReference image, HttpMethod method, bool mayBePlain, CancellationToken cancellation)
    {
        Credential? credential = _credentials.Find(image);
        Challenge[] challenges = [.. response.Headers.WwwAuthenticate.Select(value => Challenge.Parse(value.Scheme, value.Parameter))];
        if (Array.Find(challenges, challenge => challenge.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase)) is { } bearer)
        {
            return await FetchTokenAsync(bearer, image, method, credential, mayBePlain, cancellation).ConfigureAwait(false);
        }

        bool wantsBasic = Array.Exists(challenges, challenge => challenge.Scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase));
        return wantsBasic && credential is not null ? Basic(credential) : null;
    }

    private async Task<AuthenticationHeaderValue> FetchTokenAsync(
        Challenge challenge, RegistryReference image, HttpMethod method, Credential? credential, bool mayBePlain, CancellationToken cancellation)
    {
        if (!Uri.TryCreate(challenge.Parameters.GetValueOrDefault("realm"), UriKind.Absolute, out Uri? realm)
            || (realm.Scheme != Uri.UriSchemeHttps && !(mayBePlain && realm.Scheme == Uri.UriSchemeHttp)))
        {
            throw new RegistryException($"{image.Registry} names no usable token server: '{challenge.Parameters.GetValueOrDefault("realm")}'");
        }

        string service = challenge.Parameters.GetValueOrDefault("service") ?? "";
        string scope = challenge.Parameters.GetValueOrDefault("scope") ?? (image.Repository.Length == 0 ? "" : $"repository:{image.Repository}:{(VerbOf(method) == "push" ? "pull,push" : "pull")}");
        using HttpRequestMessage request = credential?.IdentityToken is { Length: > 0 } identity
            ? RefreshTokenRequest(realm, service, scope, identity)
            : TokenRequest(realm, service, scope, credential);
        using HttpResponseMessage response = await SendWithTimeoutAsync(image.Registry, request, mayBePlain, cancellation).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode)
        {
            if ((int)response.StatusCode is 401 or 403)
            {
                throw new UnauthorizedException(
                    $"the token server {realm.Host} of {image.Registry} refuses access to {image.Repository} ({(int)response.StatusCode}); {DescribeCredentials(image)}");
            }

            throw new HttpRequestException($"the token server {realm.Host} of {image.Registry} answered {(int)response.StatusCode}");
        }

        byte[] body = await ReadBoundedAsync(response, MaximumTokenBody, $"the token from {realm.Host}", cancellation).ConfigureAwait(false);
        return new AuthenticationHeaderValue("Bearer", ReadToken(body, realm));
    }

    private static HttpRequestMessage TokenRequest(Uri realm, string service, string scope, Credential? credential)
    {
        // A blob that is taken from another repository needs a scope for each of the two.
        string scopes = string.Concat(scope.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(one => $"&scope={Uri.EscapeDataString(one)}"));
        string separator = realm.Query.Length > 0 ? "&" : "?";
        var request = new HttpRequestMessage(HttpMethod.Get, $"{realm}{separator}service={Uri.EscapeDataString(service)}{scopes}");
        request.Headers.Authorization = credential is null ? null : Basic(credential);
        return request;
    }

    private static HttpRequestMessage RefreshTokenRequest(Uri realm, string service, string scope, string identity) => new(HttpMethod.Post, realm)
    {
        Content = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "refresh_token",
            ["refresh_token"] = identity,
            ["service"] = service,
            ["scope"] = scope,
            ["client_id"] = "bootc",
        }),
    };

    private static string ReadToken(byte[] body, Uri realm)
    {
        try
        {
            TokenDocument? document = JsonSerializer.Deserialize(body, OciJson.Default.TokenDocument);
            return document?.Token is { Length: > 0 } token ? token
                : document?.AccessToken is { Length: > 0 } access ? access
                : throw new RegistryException($"the token server {realm.Host} answered without a token");
        }
        catch (JsonException e)
        {
            throw new RegistryException($"the token server {realm.Host} answered something that is no token: {e.Message}", null, e);
        }
    }

    private static AuthenticationHeaderValue Basic(Credential credential) =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{credential.User}:{credential.Password}")));
}
