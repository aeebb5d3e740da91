using System.Diagnostics.CodeAnalysis;
using RabbitMQ.Client;
using ServerSentEvents.Backplane;
using StackExchange.Redis;

namespace Cluster;

/// <summary>The broker that the nodes share: RabbitMQ or Redis, by the scheme of its address.</summary>
internal sealed record Broker(Uri Address)
{
    private const string StreamName = "cluster-sample";

    private bool IsRedis => Address.Scheme == "redis";

    /// <summary>The commands that start a broker. They do not show the password in the address of this one.</summary>
    public string Advice => IsRedis
        ? $"""
            The nodes need Redis 7, and look for it at {Address.Authority}. To get it:
              docker run --rm -p 6379:6379 redis:7
              apt-get install redis-server        # Debian and Ubuntu
            """
        : $"""
            The nodes need RabbitMQ, and look for it at {Address.Authority}. To get it:
              docker run --rm -p 5672:5672 rabbitmq:4
              apt-get install rabbitmq-server        # Debian and Ubuntu
            For Redis instead: --broker redis://localhost:6379
            """;

    public static bool TryParse(string? text, [NotNullWhen(true)] out Broker? broker)
    {
        broker = Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "amqp" or "amqps" or "redis"
            ? new Broker(address)
            : null;
        return broker is not null;
    }

    /// <summary>Adds the backplane: the one registration that makes an application run on several nodes.</summary>
    public void AddTo(IServiceCollection services)
    {
        if (IsRedis)
        {
            services.AddServerSentEventsRedis<string>(options =>
            {
                options.Configuration = ConfigurationOptions.Parse(Address.Authority);
                if (Address.UserInfo.Split(':', 2) is [var user, var password])
                {
                    options.Configuration.User = Uri.UnescapeDataString(user);
                    options.Configuration.Password = Uri.UnescapeDataString(password);
                }

                options.StreamKey = StreamName;
                Configure(options);
            });
        }
        else
        {
            services.AddServerSentEventsRabbitMQ<string>(options =>
            {
                options.ConnectionFactory = new ConnectionFactory { Uri = Address };
                options.StreamName = StreamName;
                Configure(options);
            });
        }
    }

    private static void Configure(BackplaneOptions<string> options)
    {
        options.PublishTimeout = TimeSpan.FromSeconds(5);
        options.Personalize = Message.Personalize;
    }
}
