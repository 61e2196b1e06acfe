// nginx between a host and a registry, as it stands before many: it keeps what came by, and is no perfect registry.
using System.Diagnostics;

namespace Bootc.Testing;

/// <summary>
/// A pull-through mirror of a registry. It keeps blobs, gives them only whole, and closes connections instead of answering.
/// Skips the test where nginx is not installed.
/// </summary>
public sealed class NginxMirror : IDisposable
{
    private readonly TestDirectory _directory;
    private readonly Process _process;

    /// <param name="directory">Where its configuration, logs and cache go.</param>
    /// <param name="registry">The registry: host and port.</param>
    /// <param name="cutOneIn">Of how many requests for blobs one gets no answer, but a connection that is closed; 0 for none.</param>
    /// <param name="refusesRanges">Whether a request for a part of a blob is answered with an error, instead of being taken for one of the whole.</param>
    public NginxMirror(TestDirectory directory, string registry, int cutOneIn = 0, bool refusesRanges = false)
    {
        Peer.Require("nginx");
        _directory = directory;
        int port = Loopback.FreePort();
        Address = $"127.0.0.1:{port}";
        Directory.CreateDirectory(directory["nginx/cache"]);
        string cut = cutOneIn == 0 ? "" : $"{100.0 / cutOneIn:0.##}% 1;";
        string configuration = directory.Write("nginx/nginx.conf", $$"""
            daemon off;
            user root;
            worker_processes 1;
            pid {{directory["nginx/pid"]}};
            error_log {{directory["nginx/error.log"]}} warn;
            events { worker_connections 200; }
            http {
                log_format plain "$status $request_method $uri range=$http_range sent=$body_bytes_sent";
                access_log {{directory["nginx/access.log"]}} plain;
                client_body_temp_path {{directory["nginx/body"]}};
                fastcgi_temp_path {{directory["nginx/fastcgi"]}};
                uwsgi_temp_path {{directory["nginx/uwsgi"]}};
                scgi_temp_path {{directory["nginx/scgi"]}};
                proxy_temp_path {{directory["nginx/proxy"]}};
                proxy_cache_path {{directory["nginx/cache"]}} keys_zone=blobs:1m max_size=1g;
                split_clients "$connection.$connection_requests.$msec" $cut { {{cut}} * 0; }
                server {
                    listen {{Address}};
                    max_ranges 0;
                    location / { proxy_pass http://{{registry}}; proxy_set_header Host {{registry}}; }
                    location ~ "^/v2/.+/blobs/sha256:" {
                        if ($cut) { return 444; }
                        {{(refusesRanges ? "if ($http_range) { return 416; }" : "")}}
                        proxy_cache blobs;
                        proxy_cache_valid 200 1h;
                        proxy_set_header Range "";
                        proxy_set_header Host {{registry}};
                        proxy_pass http://{{registry}};
                    }
                }
            }
            """);
        _process = Process.Start(new ProcessStartInfo("nginx", ["-c", configuration, "-p", directory["nginx"]]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        _ = _process.StandardError.ReadToEndAsync();
        Loopback.WaitUntilListening(port, _process, "nginx");
    }

    /// <summary>Host and port.</summary>
    public string Address { get; }

    /// <summary>What it did: a line for each request, <c>STATUS METHOD PATH range=RANGE sent=BYTES</c>; the status 444 is a connection that was closed.</summary>
    public string[] Requests => File.ReadAllLines(_directory["nginx/access.log"]);

    public void Dispose()
    {
        Peer.Run("kill", "-QUIT", $"{_process.Id}"); // the master ends its worker
        if (!_process.WaitForExit(TimeSpan.FromSeconds(10)))
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
        }

        _process.Dispose();
    }
}
