using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>The cookie authentication of ASP.NET Core for test applications.</summary>
internal static class SignIns
{
    /// <summary>The path of a request that signs in with a cookie.</summary>
    internal const string Path = "/sign-in";

    internal static readonly ClaimsIdentity Ann = new([new Claim(ClaimTypes.Name, "Ann")], "Test");

    /// <summary>Adds cookie authentication, whose keys stay in memory.</summary>
    internal static void AddCookies(IServiceCollection services, TimeSpan lifetime, bool slides = false)
    {
        services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie(cookies =>
        {
            cookies.ExpireTimeSpan = lifetime;
            cookies.SlidingExpiration = slides;
#if !NET10_0_OR_GREATER
            // .NET 8 has no metadata that prevents the redirect.
            cookies.Events.OnRedirectToLogin = context =>
            {
                context.Response.StatusCode = StatusCodes.Status401Unauthorized;
                return Task.CompletedTask;
            };
#endif
        });
        KeepKeysInMemory(services);
        services.AddAuthorization();
    }

    internal static void MapSignIn(WebApplication app) =>
        app.MapGet(Path, () => TypedResults.SignIn(new ClaimsPrincipal(Ann)));

    internal static void KeepKeysInMemory(IServiceCollection services)
    {
        services.AddDataProtection().UseEphemeralDataProtectionProvider();
        // This service would write a key to the user's profile.
        services.Remove(services.Single(service => service.ServiceType == typeof(IHostedService)
            && service.ImplementationType?.Assembly == typeof(DataProtectionServiceCollectionExtensions).Assembly));
    }
}
