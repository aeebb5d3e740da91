using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests that each public method names the argument that is null.</summary>
public sealed class ArgumentTests
{
    private static readonly Publisher<string> Publisher = new();

    private static readonly ServiceCollection Services = new();

    private static readonly IConfiguration Configuration = new ConfigurationManager();

    private static readonly WebApplication Endpoints = NewEndpoints();

    private static readonly Dictionary<string, (string Parameter, Action Call)> Calls = new()
    {
        ["map"] = ("endpoints", () => None<IEndpointRouteBuilder>().MapServerSentEvents("/")),
        ["map no pattern"] = ("pattern", () => Endpoints.MapServerSentEvents(None<string>())),
        ["map no synchronous function"] = (
            "subscribe", () => Endpoints.MapServerSentEvents("/", None<Func<HttpContext, SubscribeOptions<string>?>>())),
        ["map by a function"] = ("endpoints", () => None<IEndpointRouteBuilder>().MapServerSentEvents<string>("/", Options)),
        ["map a publisher"] = ("endpoints", () => None<IEndpointRouteBuilder>().MapServerSentEvents("/", Publisher, OptionsAsync)),
        ["map a pattern"] = ("pattern", () => Endpoints.MapServerSentEvents(None<string>(), Publisher, OptionsAsync)),
        ["map no publisher"] = ("publisher", () => Endpoints.MapServerSentEvents("/", None<Publisher<string>>(), OptionsAsync)),
        ["map no function"] = ("subscribe", () => Endpoints.MapServerSentEvents("/", Publisher, None<Func<HttpContext, ValueTask<SubscribeOptions<string>?>>>())),
        ["add"] = ("services", () => None<IServiceCollection>().AddServerSentEvents()),
        ["add a type"] = ("services", () => None<IServiceCollection>().AddServerSentEvents<string>()),
        ["add by configuration"] = ("services", () => None<IServiceCollection>().AddServerSentEvents(Configuration)),
        ["add no configuration"] = ("configuration", () => Services.AddServerSentEvents(None<IConfiguration>())),
        ["add a type without configuration"] = ("configuration", () => Services.AddServerSentEvents<string>(None<IConfiguration>())),
        ["result of no publisher"] = ("publisher", () => None<Publisher<string>>().ToResult(new())),
        ["result without options"] = ("options", () => Publisher.ToResult(null!)),
        ["result of no subscription"] = ("subscription", () => None<Subscription<string>>().ToResult()),
        ["execute"] = ("httpContext", () => _ = Publisher.ToResult(new()).ExecuteAsync(null!)),
        ["execute a subscription"] = ("httpContext", () => _ = Publisher.Subscribe().ToResult().ExecuteAsync(null!)),
        ["metadata"] = ("builder", PopulateMetadata<EventStreamResult<string>>),
        ["metadata of a subscription"] = ("builder", PopulateMetadata<SubscriptionResult<string>>),
    };

    public static TheoryData<string> Names => [.. Calls.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Call_ArgumentIsNull_ThrowsWithItsName(string name)
    {
        var (parameter, call) = Calls[name];

        call.Should().Throw<ArgumentNullException>().WithParameterName(parameter);
    }

    private static void PopulateMetadata<TResult>()
        where TResult : IEndpointMetadataProvider =>
        TResult.PopulateMetadata((MethodInfo)MethodBase.GetCurrentMethod()!, null!);

    private static WebApplication NewEndpoints()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddServerSentEvents().AddServerSentEvents<string>();
        return builder.Build();
    }

    private static T None<T>()
        where T : class => null!;

    private static SubscribeOptions<string> Options(HttpContext context) => new();

    private static ValueTask<SubscribeOptions<string>?> OptionsAsync(HttpContext context) => default;
}
