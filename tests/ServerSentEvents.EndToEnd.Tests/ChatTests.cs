using System.Net;
using System.Net.Http.Json;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>Tests the chat with clients without a browser.</summary>
public sealed class ChatTests : IAsyncLifetime
{
    private SampleServer _server = null!;

    public async Task InitializeAsync() => _server = await SampleServer.StartAsync("Chat");

    public Task DisposeAsync()
    {
        _server.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Events_NewMember_GetsLastMessagesInOrderThenMembers()
    {
        await using var ada = await ChatMember.JoinAsync(_server, "Ada");
        for (var i = 0; i < 60; i++)
            (await ada.SayAsync($"{i}")).Should().Be(HttpStatusCode.OK);

        await using var bob = await ChatMember.JoinAsync(_server, "Bob");

        for (var i = 10; i < 60; i++)
            (await bob.NextAsync()).Should().Be($"message: Ada: {i}");
        (await bob.NextAsync()).Should().Be("presence: Ada, Bob");
    }

    [Fact]
    public async Task Events_JoinDuringMessages_NoGap()
    {
        const int HistoryCapacity = 50;
        await using var witness = await ChatMember.JoinAsync(_server, "Witness");
        var everything = ReadToTheEndAsync(witness);

        var joining = Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            var hearing = new List<Task<List<string>>>();
            for (var i = 0; i < 30; i++)
                hearing.Add(ReadToTheEndAsync(await ChatMember.JoinAsync(_server, "Joiner")));
            return hearing;
        })));
        await Task.WhenAll(Enumerable.Range(0, 4).Select(number => Task.Run(async () =>
        {
            await using var writer = await ChatMember.JoinAsync(_server, $"Writer {number}");
            for (var i = 0; i < HistoryCapacity || !joining.IsCompleted; i++)
                await writer.SayAsync($"{i}");
        })));
        await using var last = await ChatMember.JoinAsync(_server, "Last");
        await last.SayAsync("end");

        // After the initial history, each member gets every message once.
        var all = await everything;
        foreach (var hearing in (await joining).SelectMany(hearing => hearing))
        {
            var heard = await hearing;
            heard.Should().Equal(all[^Math.Min(heard.Count, all.Count)..]);
        }

        static async Task<List<string>> ReadToTheEndAsync(ChatMember member)
        {
            var heard = new List<string>();
            while (heard.LastOrDefault() != "Last: end")
                heard.Add(await member.NextMessageAsync());
            await member.DisposeAsync();
            return heard;
        }
    }

    [Fact]
    public async Task Messages_Posted_ReachOtherMembersButNotSender()
    {
        await using var ada = await ChatMember.JoinAsync(_server, "Ada");
        await using var bob = await ChatMember.JoinAsync(_server, "Bob");
        await using var eve = await ChatMember.JoinAsync(_server, "Eve");

        await ada.SayAsync("from Ada");
        await bob.SayAsync("from Bob");

        // Ada gets Bob's message first. Her own message came before it, but the server does not send it to her.
        (await ada.NextMessageAsync()).Should().Be("Bob: from Bob");
        (await bob.NextMessageAsync()).Should().Be("Ada: from Ada");
        (await eve.NextMessageAsync()).Should().Be("Ada: from Ada");
        (await eve.NextMessageAsync()).Should().Be("Bob: from Bob");
    }

    [Fact]
    public async Task Messages_PostedTwice_ArePublishedOnce()
    {
        await using var ada = await ChatMember.JoinAsync(_server, "Ada");
        await using var bob = await ChatMember.JoinAsync(_server, "Bob");

        await ada.SayAsync("once", id: "1");
        (await ada.SayAsync("once", id: "1")).Should().Be(HttpStatusCode.OK);
        await ada.SayAsync("next", id: "2");

        (await bob.NextMessageAsync()).Should().Be("Ada: once");
        (await bob.NextMessageAsync()).Should().Be("Ada: next");
    }

    [Fact]
    public async Task Messages_IdThatThePageChose_ReachesNoOtherMember()
    {
        await using var ada = await ChatMember.JoinAsync(_server, "Ada");
        await using var bob = await ChatMember.JoinAsync(_server, "Bob");

        await ada.SayAsync("hello", id: "chosen");

        // With this id, another member could replace the message.
        (await bob.NextMessageDataAsync()).Should().NotContain("chosen").And.Contain("hello");
    }

    [Theory]
    [InlineData("cross-site", "empty", HttpStatusCode.Forbidden)]
    [InlineData("same-site", "image", HttpStatusCode.Forbidden)]
    [InlineData("cross-site", "document", HttpStatusCode.OK)]
    [InlineData("same-origin", "empty", HttpStatusCode.OK)]
    public async Task Get_FromAnotherSite_IsRefusedUnlessItIsALink(string site, string destination, HttpStatusCode status)
    {
        using var client = _server.NewClient();
        client.DefaultRequestHeaders.Add("Sec-Fetch-Site", site);
        client.DefaultRequestHeaders.Add("Sec-Fetch-Dest", destination);

        using var response = await client.GetAsync("/events?name=Eve", HttpCompletionOption.ResponseHeadersRead);

        response.StatusCode.Should().Be(status);
    }

    [Fact]
    public async Task Presence_JoinAndLeave_OtherMembersGetBothChanges()
    {
        await using var ada = await ChatMember.JoinAsync(_server, "Ada");
        (await ada.NextAsync()).Should().Be("presence: Ada");

        await using (await ChatMember.JoinAsync(_server, "Bob"))
            (await ada.NextAsync()).Should().Be("presence: Ada, Bob");

        (await ada.NextAsync()).Should().Be("presence: Ada");
    }

    [Fact]
    public async Task Name_Changed_OtherMembersGetChangeAndLaterMessagesUseNewName()
    {
        await using var ada = await ChatMember.JoinAsync(_server, "Ada");
        await using var bob = await ChatMember.JoinAsync(_server, "Bob");
        await ada.UntilPresentAsync("Ada", "Bob");

        (await bob.RenameAsync("Robert")).Should().Be(HttpStatusCode.NoContent);
        await bob.SayAsync("hello");

        (await ada.NextAsync()).Should().Be("presence: Ada, Robert");
        (await ada.NextAsync()).Should().Be("message: Robert: hello");
    }

    [Fact]
    public async Task Messages_Invalid_AreRefusedAndReachNoMember()
    {
        await using var ada = await ChatMember.JoinAsync(_server, "Ada");
        await using var bob = await ChatMember.JoinAsync(_server, "Bob");

        foreach (var text in new[] { null, "", " ", "\n\t ", new string('x', 2001) })
            (await ada.SayAsync(text)).Should().Be(HttpStatusCode.BadRequest);
        (await ada.SayAsync("no id", id: "")).Should().Be(HttpStatusCode.BadRequest);
        (await ada.SayAsync("unknown", memberId: "unknown")).Should().Be(HttpStatusCode.NotFound);
        (await ada.SayAsync(new string('x', 2000))).Should().Be(HttpStatusCode.OK);

        (await bob.NextMessageAsync()).Should().Be("Ada: " + new string('x', 2000));
    }

    [Fact]
    public async Task Name_Invalid_IsRefusedAndChangesNothing()
    {
        await using var ada = await ChatMember.JoinAsync(_server, "Ada");
        await ada.UntilPresentAsync("Ada");
        using var client = _server.NewClient();

        foreach (var name in new[] { "", " ", new string('x', 41) })
        {
            (await ada.RenameAsync(name)).Should().Be(HttpStatusCode.BadRequest);
            using var response = await client.GetAsync($"events?name={name}", HttpCompletionOption.ResponseHeadersRead);
            response.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        }

        (await ada.RenameAsync("Eve", memberId: "unknown")).Should().Be(HttpStatusCode.NotFound);

        await ada.RenameAsync("Ada L.");
        (await ada.NextAsync()).Should().Be("presence: Ada L.");
    }

    [Theory]
    [InlineData("/", "text/html")]
    [InlineData("/chat.js", "text/javascript")]
    [InlineData("/chat.css", "text/css")]
    [InlineData("/sample.css", "text/css")]
    [InlineData("/icon.svg", "image/svg+xml")]
    public async Task Page_AnyWorkingDirectory_IsServedAndAllowsNoOtherScript(string path, string type)
    {
        using var client = _server.NewClient();

        using var response = await client.GetAsync(path);

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        response.Content.Headers.ContentType!.MediaType.Should().Be(type);
        response.Headers.GetValues("Content-Security-Policy").Single().Split("; ")
            .Should().Contain(["default-src 'none'", "script-src 'self'"]).And.NotContain(rule => rule.Contains("unsafe"));
    }

    [Theory]
    [InlineData("Host", "evil.example", HttpStatusCode.BadRequest)]
    [InlineData("Origin", "http://evil.example", HttpStatusCode.Forbidden)]
    [InlineData("Origin", "null", HttpStatusCode.Forbidden)]
    public async Task Messages_FromAnotherSite_AreRefusedAndReachNoMember(string header, string value, HttpStatusCode status)
    {
        await using var ada = await ChatMember.JoinAsync(_server, "Ada");
        await using var bob = await ChatMember.JoinAsync(_server, "Bob");

        (await PostAsync(header, value, "from elsewhere")).Should().Be(status);
        (await PostAsync("Origin", $"http://{_server.Address.Authority}", "from the page")).Should().Be(HttpStatusCode.OK);

        (await bob.NextMessageAsync()).Should().Be("Ada: from the page");

        async Task<HttpStatusCode> PostAsync(string name, string content, string text)
        {
            using var client = _server.NewClient();
            client.DefaultRequestHeaders.Add(name, content);
            using var response = await client.PostAsJsonAsync("messages", new { memberId = ada.Id, id = text, text });
            return response.StatusCode;
        }
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/events?name=Eve")]
    public async Task Get_ForeignHost_IsRefused(string path)
    {
        using var client = _server.NewClient();
        client.DefaultRequestHeaders.Host = "evil.example";

        using var response = await client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead);

        response.StatusCode.Should().Be(HttpStatusCode.BadRequest);
    }

    [UnixFact]
    public async Task Server_StoppedWithOpenStreams_EndsStreamsAndExitsSoon()
    {
        await using var ada = await ChatMember.JoinAsync(_server, "Ada");
        await using var bob = await ChatMember.JoinAsync(_server, "Bob");
        await ada.UntilPresentAsync("Ada", "Bob");

        await _server.StopAsync();

        await ada.ShouldEndAsync();
        await bob.ShouldEndAsync();
    }
}
