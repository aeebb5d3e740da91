using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace ServerSentEvents.AspNetCore.Tests;

/// <summary>Tests that a stream whose start throws leaves no subscription.</summary>
public sealed class FailedStartTests
{
    [Theory]
    [InlineData("/result")]
    [InlineData("/subscription")]
    public async Task Start_FeatureThrows_EndsTheSubscription(string path)
    {
        using var own = new Publisher();
        own.Unsubscribed += (_, _) => throw new FormatException("The handler has failed.");
        await using var app = await TestApplication.StartAsync(_ => { }, app =>
        {
            app.Use((context, next) =>
            {
                context.Features.Set<IHttpActivityFeature>(new BrokenActivity());
                return next(context);
            });
            app.UseRouting();
            Map(app, own);
        });

        using var response = await app.NewClient().GetAsync(path).WaitAsync(Limits.Patience);

        response.StatusCode.Should().Be(HttpStatusCode.InternalServerError);
        own.GetAllSubscribers().Should().BeEmpty();
        app.Log.Ours.Should().ContainSingle(entry => entry.Id == 8)
            .Which.Exception.Should().BeOfType<AggregateException>().Which.InnerException.Should().BeOfType<FormatException>();
    }

    [Theory]
    [InlineData("/result")]
    [InlineData("/subscription")]
    public async Task Start_OptionsAreInvalid_EndsTheSubscription(string path)
    {
        using var own = new Publisher();
        await using var app = await TestApplication.StartAsync(
            builder => builder.Services.Configure<EventStreamOptions>(options => options.MaxStreamAge = TimeSpan.Zero),
            app => Map(app, own));

        using var response = await app.NewClient().GetAsync(path).WaitAsync(Limits.Patience);

        response.StatusCode.Should().Be(HttpStatusCode.InternalServerError);
        own.GetAllSubscribers().Should().BeEmpty();
    }

    [Theory]
    [InlineData("HEAD", "*/*")]
    [InlineData("GET", "text/html")]
    public async Task Execute_ResponseHasStarted_EndsTheSubscription(string method, string accept)
    {
        using var own = new Publisher();
        var failed = new TaskCompletionSource<Exception?>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var app = await TestApplication.StartAsync(_ => { }, app => app.Map("/events", async context =>
        {
            await context.Response.StartAsync();
            failed.SetResult(await Record.ExceptionAsync(() => own.Subscribe().ToResult().ExecuteAsync(context)));
        }));
        using var request = new HttpRequestMessage(new HttpMethod(method), "/events");
        request.Headers.Add("Accept", accept);

        using var response = await app.NewClient().SendAsync(request).WaitAsync(Limits.Patience);

        (await failed.Task.WaitAsync(Limits.Patience)).Should().BeOfType<InvalidOperationException>();
        own.GetAllSubscribers().Should().BeEmpty();
    }

    private static void Map(WebApplication app, Publisher publisher)
    {
        app.MapGet("/result", () => publisher.ToResult(new()));
        app.MapGet("/subscription", () => publisher.Subscribe().ToResult());
    }

    private sealed class BrokenActivity : IHttpActivityFeature
    {
        public Activity Activity
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }
    }
}
