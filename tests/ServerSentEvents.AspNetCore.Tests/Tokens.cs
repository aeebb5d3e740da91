using System.Net.Http.Headers;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>The bearer authentication of ASP.NET Core for test applications.</summary>
internal static class Tokens
{
    private static readonly SymmetricSecurityKey Key = new(new byte[32]);

    /// <summary>Adds bearer authentication with the tokens of this class and the default clock skew of five minutes.</summary>
    internal static void Add(IServiceCollection services)
    {
        services.AddAuthentication(JwtBearerDefaults.AuthenticationScheme).AddJwtBearer(tokens =>
            tokens.TokenValidationParameters = new TokenValidationParameters
            {
                IssuerSigningKey = Key,
                ValidateIssuer = false,
                ValidateAudience = false,
            });
        SignIns.KeepKeysInMemory(services);
        services.AddAuthorization();
    }

    internal static AuthenticationHeaderValue Until(DateTimeOffset expiration)
    {
        var token = new SecurityTokenDescriptor
        {
            Subject = SignIns.Ann,
            NotBefore = expiration.UtcDateTime.AddDays(-1),
            Expires = expiration.UtcDateTime,
            SigningCredentials = new SigningCredentials(Key, SecurityAlgorithms.HmacSha256),
        };
        return new AuthenticationHeaderValue("Bearer", new JsonWebTokenHandler().CreateToken(token));
    }
}
