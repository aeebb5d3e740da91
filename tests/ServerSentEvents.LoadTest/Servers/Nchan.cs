using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using ServerSentEvents.Testing;

namespace ServerSentEvents.LoadTest.Servers;

/// <summary>A private nginx with nchan. Its configuration and files are in a temporary folder, and its port is free.</summary>
internal sealed class Nchan : ServerProcess
{
    internal const string Advice = "No nginx with nchan. On Debian and Ubuntu: apt-get install nginx libnginx-mod-nchan";

    private const int Attempts = 5;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly string _folder;
    private readonly ChildProcess _process;

    private Nchan(int port)
    {
        Port = port;
        _folder = Directory.CreateTempSubdirectory("nchan-").FullName;
        var file = Path.Combine(_folder, "nginx.conf");
        File.WriteAllText(file, Configuration(port, _folder));
        _process = new ChildProcess(Affinity.ForServers, Nginx!, "-p", _folder, "-e", "stderr", "-c", file);
    }

    /// <summary>True if nginx and nchan are installed.</summary>
    internal static bool IsInstalled => Module is not null;

    internal override int Port { get; }

    /// <summary>The id of the worker. The started process only controls the worker.</summary>
    internal override int ProcessId => ProcFile.Children(_process.Id).First();

    /// <summary>The path of nginx. On Debian, nginx is in a folder that is not in the PATH of every user.</summary>
    private static string? Nginx { get; } = $"{Environment.GetEnvironmentVariable("PATH")}:/usr/sbin:/usr/local/sbin".Split(':')
        .Select(folder => Path.Combine(folder, "nginx")).FirstOrDefault(File.Exists);

    private static string? Module { get; } = FindModule();

    internal static Nchan Start()
    {
        for (var attempt = 1; ; attempt++)
        {
            var nchan = new Nchan(FreePort.Find());
            if (nchan.WaitUntilItListens())
                return nchan;
            nchan.Dispose();
            // Another program may have taken the port.
            if (attempt == Attempts)
                throw new ChildProcessException("nginx does not start; see above.");
        }
    }

    public override void Dispose()
    {
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private bool WaitUntilItListens()
    {
        var start = Stopwatch.GetTimestamp();
        while (!_process.HasExited && Stopwatch.GetElapsedTime(start) < Patience)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Connect(IPAddress.Loopback, Port);
                if (ProcFile.Children(_process.Id).Any())
                    return true;
            }
            catch (SocketException)
            {
                // nginx does not listen yet.
            }

            Thread.Yield();
        }

        return false;
    }

    private static string? FindModule()
    {
        if (Nginx is null)
            return null;
        using var process = Process.Start(new ProcessStartInfo(Nginx, ["-V"]) { UseShellExecute = false, RedirectStandardError = true })!;
        var folder = process.StandardError.ReadToEnd().Split(' ')
            .Where(word => word.StartsWith("--modules-path=", StringComparison.Ordinal)).Select(word => word[15..].Trim()).FirstOrDefault();
        process.WaitForExit();
        var file = folder is null ? null : Path.Combine(folder, "ngx_nchan_module.so");
        return File.Exists(file) ? file : null;
    }

    /// <summary>
    /// Returns a configuration with one worker, because the other servers have one processor. nginx writes no log, keeps no
    /// messages, and leaves the publisher's connection open.
    /// </summary>
    private static string Configuration(int port, string folder) => string.Create(
        CultureInfo.InvariantCulture,
        $$"""
        load_module {{Module}};
        daemon off;
        worker_processes 1;
        error_log stderr error;
        pid {{folder}}/nginx.pid;
        events { worker_connections 32768; }
        http {
          access_log off;
          client_body_temp_path {{folder}}/body;
          proxy_temp_path {{folder}}/proxy;
          fastcgi_temp_path {{folder}}/fastcgi;
          uwsgi_temp_path {{folder}}/uwsgi;
          scgi_temp_path {{folder}}/scgi;
          keepalive_requests 1000000000;
          keepalive_timeout 1h;
          server {
            listen 127.0.0.1:{{port}} backlog=4096;
            location = {{WebServer.Path}} {
              nchan_subscriber eventsource;
              nchan_channel_id all;
              nchan_subscriber_first_message newest;
              add_header Cache-Control "no-cache, no-store, no-transform";
              add_header Content-Encoding identity;
              add_header X-Accel-Buffering no;
            }
            location = /publish {
              nchan_publisher;
              nchan_channel_id all;
              nchan_message_buffer_length 0;
            }
          }
        }
        """);
}
