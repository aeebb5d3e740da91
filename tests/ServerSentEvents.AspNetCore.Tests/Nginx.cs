using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>
/// An nginx in front of a server. It has the default settings, and those that a test adds. Without nginx,
/// <see cref="Tool"/> decides whether a test is skipped or fails.
/// </summary>
internal sealed class Nginx : IDisposable
{
    private const int Attempts = 5;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("nginx-");
    private readonly Process _process;

    private Nginx(string program, Uri server, int port, string settings)
    {
        Address = new Uri($"http://127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}");
        // If root starts nginx, its workers run as another user, who has no access to our folder.
        var user = Environment.IsPrivilegedProcess ? "user root;" : "";
        File.WriteAllText(Path.Combine(_folder.FullName, "nginx.conf"), $$"""
            daemon off;
            {{user}}
            pid nginx.pid;
            error_log stderr;
            events { }
            http {
                access_log off;
                client_body_temp_path body;
                proxy_temp_path proxy;
                fastcgi_temp_path fastcgi;
                uwsgi_temp_path uwsgi;
                scgi_temp_path scgi;
                server {
                    listen {{Address.Authority}};
                    location / {
                        proxy_pass {{server}};
                        {{settings}}
                    }
                }
            }
            """);
        _process = NewProcess(program);
        _process.Start();
    }

    /// <summary>The address of nginx.</summary>
    internal Uri Address { get; }

    /// <summary>Starts nginx at a free port. Retries if another program has taken the port.</summary>
    /// <param name="server">The address of the server.</param>
    /// <param name="settings">Settings of the location, in nginx's language.</param>
    internal static async Task<Nginx> StartAsync(Uri server, string settings = "")
    {
        var program = Find();
        Require(program is not null, Environment.GetEnvironmentVariable("CI"));
        for (var attempt = 1; ; attempt++)
        {
            var nginx = new Nginx(program!, server, FreePort.Find(), settings);
            try
            {
                if (await nginx.IsListeningAsync())
                    return nginx;
                var complaint = await nginx._process.StandardError.ReadToEndAsync().WaitAsync(Limits.Patience);
                if (attempt == Attempts)
                    throw new InvalidOperationException(complaint);
            }
            catch
            {
                nginx.Dispose();
                throw;
            }

            nginx.Dispose();
        }
    }

    internal static void Require(bool found, string? ci) =>
        Tool.Require(found, "No nginx on the PATH or in /usr/sbin. On Debian and Ubuntu: apt-get install nginx-light", ci);

    public void Dispose()
    {
        // This command also stops the workers.
        using (var stop = NewProcess(_process.StartInfo.FileName, "-s", "stop"))
        {
            stop.Start();
            stop.WaitForExit();
        }

        if (!_process.WaitForExit(Limits.Patience))
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
        _folder.Delete(recursive: true);
    }

    /// <summary>Finds nginx, also in the folders for administrators.</summary>
    private static string? Find() =>
        Tool.Find($"{Environment.GetEnvironmentVariable("PATH")}{Path.PathSeparator}/usr/sbin{Path.PathSeparator}/usr/local/sbin", "nginx", "nginx.exe");

    private async Task<bool> IsListeningAsync()
    {
        var isListening = false;
        await Limits.UntilAsync(() => _process.HasExited || (isListening = CanConnect()));
        return isListening && !_process.HasExited;
    }

    private bool CanConnect()
    {
        try
        {
            using var client = new TcpClient("127.0.0.1", Address.Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private Process NewProcess(string program, params string[] arguments) => new()
    {
        StartInfo = new ProcessStartInfo(program, ["-p", _folder.FullName, "-c", "nginx.conf", "-e", "stderr", .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardError = true,
        },
    };
}
