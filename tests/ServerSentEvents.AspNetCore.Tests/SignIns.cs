using System.Net.Http.Headers;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>The cookie and bearer authentication of ASP.NET Core for test applications.</summary>
internal static class SignIns
{
    /// <summary>The path of a request that signs in with a cookie.</summary>
    internal const string Path = "/sign-in";

    private static readonly SymmetricSecurityKey Key = new(new byte[32]);

    private static readonly ClaimsIdentity Ann = new([new Claim(ClaimTypes.Name, "Ann")], "Test");

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

    /// <summary>Signs in. Returns a client that sends the cookie.</summary>
    internal static async Task<HttpClient> SignInAsync(TestApplication app)
    {
        var client = app.NewClient();
        using var response = await client.GetAsync(Path);
        response.EnsureSuccessStatusCode();
        return client;
    }

    /// <summary>Adds bearer authentication with the tokens of this class and the default clock skew of five minutes.</summary>
    internal static void AddTokens(IServiceCollection services)
    {
        services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer(tokens =>
            tokens.TokenValidationParameters = new TokenValidationParameters
            {
                IssuerSigningKey = Key,
                ValidateIssuer = false,
                ValidateAudience = false,
            });
        KeepKeysInMemory(services);
        services.AddAuthorization();
    }

    internal static AuthenticationHeaderValue TokenUntil(DateTimeOffset expiration)
    {
        var token = new SecurityTokenDescriptor
        {
            Subject = Ann,
            NotBefore = expiration.UtcDateTime.AddDays(-1),
            Expires = expiration.UtcDateTime,
            SigningCredentials = new SigningCredentials(Key, SecurityAlgorithms.HmacSha256),
        };
        return new AuthenticationHeaderValue("Bearer", new JsonWebTokenHandler().CreateToken(token));
    }

    internal static void KeepKeysInMemory(IServiceCollection services)
    {
        services.AddDataProtection().UseEphemeralDataProtectionProvider();
        // This service would write a key to the user's profile.
        services.Remove(services.Single(service => service.ServiceType == typeof(IHostedService)
            && service.ImplementationType?.Assembly == typeof(DataProtectionServiceCollectionExtensions).Assembly));
    }
}
