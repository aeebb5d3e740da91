using Microsoft.AspNetCore.Connections;

namespace Samples;

/// <summary>The parts of a sample that are not about events: its address, its page, and the protection of both.</summary>
internal static class SampleApplication
{
    private const int MaxBodyBytes = 32 * 1024;

    // Only the page's own files can run in the page, and text cannot become markup.
    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

    /// <summary>Creates a builder for an application that only this machine can reach, unless the command line opens it.</summary>
    public static WebApplicationBuilder CreateBuilder(string[] args, int port)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration["urls"] ??= $"http://localhost:{port}";
        // A foreign name that a hostile DNS server maps to this machine gets 400.
        builder.Configuration["AllowedHosts"] ??= "localhost;127.0.0.1;[::1]";
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = MaxBodyBytes);
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        // The error of a taken port has a stack trace. RunSampleAsync says the same in one line.
        builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);
        return builder;
    }

    /// <summary>Serves the files of <c>wwwroot</c>, and refuses requests that pages of other sites send to change something.</summary>
    public static void UsePage(this WebApplication app)
    {
        app.Use((context, next) =>
        {
            context.Response.Headers.ContentSecurityPolicy = ContentSecurityPolicy;
            context.Response.Headers.XContentTypeOptions = "nosniff";
            context.Response.Headers.CacheControl = "no-cache";
            if (!IsCrossSite(context.Request))
                return next(context);
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            return Task.CompletedTask;
        });
        app.UseDefaultFiles();
        app.UseStaticFiles();
    }

    /// <summary>Runs the application until a signal stops it.</summary>
    public static async Task<int> RunSampleAsync(this WebApplication app)
    {
        try
        {
            await app.RunAsync();
            return 0;
        }
        catch (IOException exception) when (exception.InnerException is AddressInUseException)
        {
            await Console.Error.WriteLineAsync($"{exception.Message} For another port: --urls http://localhost:8080");
            return 1;
        }
    }

    /// <summary>
    /// Returns true if a page of another origin sent the request. Browsers name the origin, except for some GET requests:
    /// there they name the relation of the sites. A link from another site to the page is harmless, so navigations are
    /// allowed.
    /// </summary>
    private static bool IsCrossSite(HttpRequest request) =>
        (request.Headers.Origin.ToString() is { Length: > 0 } origin
            && !origin.EndsWith($"://{request.Host}", StringComparison.OrdinalIgnoreCase))
        || (request.Headers["Sec-Fetch-Site"].ToString() is "cross-site" or "same-site"
            && request.Headers["Sec-Fetch-Dest"].ToString() is not "document");
}
