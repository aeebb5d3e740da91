using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace ServerSentEvents.EndToEnd.Tests;

/// <summary>Tests the chat in a real browser with two pages.</summary>
public sealed class ChatPageTests(Chromium chromium) : IClassFixture<Chromium>, IAsyncLifetime
{
    private SampleServer _server = null!;

    public async Task InitializeAsync() => _server = await SampleServer.StartAsync("Chat", FreePort.Find());

    public async Task DisposeAsync()
    {
        await chromium.CloseAllAsync();
        _server.Dispose();
    }

    [SkippableFact]
    public async Task Message_Sent_AppearsOnceInEachPage()
    {
        var ada = await JoinAsync("Ada");
        var bob = await JoinAsync("Bob");

        await SendAsync(ada, "from Ada");
        await Expect(Texts(bob)).ToHaveTextAsync(["from Ada"]);
        await SendAsync(bob, "from Bob");

        // Events come in order. An event with Ada's own message would come before Bob's message.
        await Expect(Texts(ada)).ToHaveTextAsync(["from Ada", "from Bob"]);
        await Expect(Texts(bob)).ToHaveTextAsync(["from Ada", "from Bob"]);
        await Expect(ada.Locator(".message.own .text")).ToHaveTextAsync(["from Ada"]);
        await Expect(ada.Locator(".message:not(.own) .author")).ToHaveTextAsync(["Bob"]);
    }

    [SkippableFact]
    public async Task Message_ServerDoesNotAnswer_AppearsToSenderImmediately()
    {
        var ada = await JoinAsync("Ada");
        var answer = new TaskCompletionSource();
        await ada.RouteAsync("**/messages", async route =>
        {
            await answer.Task;
            await route.ContinueAsync();
        });

        await SendAsync(ada, "hello");

        await Expect(Texts(ada)).ToHaveTextAsync(["hello"]);
        await Expect(ada.Locator(".message")).ToHaveAttributeAsync("data-state", "sending");
        answer.SetResult();
        await Expect(ada.Locator(".message")).ToHaveAttributeAsync("data-state", "sent");
    }

    [SkippableFact]
    public async Task Markup_InTextAndName_StaysTextInBothPages()
    {
        const string Name = "<img src=x onerror=ran=1>";
        const string Text = "<img src=x onerror='window.ran = 1'><script>window.ran = 1</script><b>bold</b>";
        var ada = await JoinAsync("Ada");
        var bob = await JoinAsync("Bob");

        await RenameAsync(ada, Name);
        await SendAsync(ada, Text);

        foreach (var page in new[] { ada, bob })
        {
            await Expect(Texts(page)).ToHaveTextAsync([Text]);
            await Expect(People(page)).ToHaveTextAsync([Name, "Bob"]);
            await Expect(page.Locator("#log :is(img, script, b), #people :is(img, script, b)")).ToHaveCountAsync(0);
            (await page.EvaluateAsync<bool>("'ran' in window")).Should().BeFalse();
        }

        await Expect(bob.Locator(".message .author")).ToHaveTextAsync([Name]);
    }

    [SkippableFact]
    public async Task Markup_InsertedIntoPageByMistake_DoesNotRun()
    {
        var page = await JoinAsync("Ada");

        var inserted = await page.EvaluateAsync<bool>("""
            () => {
              try { document.body.insertAdjacentHTML("beforeend", "<img id=mistake src=x onerror='window.ran = 1'>"); } catch { }
              return document.getElementById("mistake") !== null;
            }
            """);
        var ran = await page.EvaluateAsync<bool>("""
            () => {
              const script = document.createElement("script");
              script.append("window.ran = 1");
              document.body.append(script);
              return "ran" in window;
            }
            """);

        inserted.Should().BeFalse();
        ran.Should().BeFalse();
    }

    [SkippableFact]
    public async Task Tab_OpenedAndClosed_UpdatesMembersInOtherPages()
    {
        var ada = await JoinAsync("Ada");
        await Expect(People(ada)).ToHaveTextAsync(["Ada"]);

        var bob = await JoinAsync("Bob");
        await Expect(People(ada)).ToHaveTextAsync(["Ada", "Bob"]);
        await Expect(People(bob)).ToHaveTextAsync(["Ada", "Bob"]);
        await Expect(Self(bob)).ToHaveTextAsync(["Bob"]);

        await bob.CloseAsync();
        await Expect(People(ada)).ToHaveTextAsync(["Ada"]);
        await Expect(ada.Locator("#count")).ToHaveTextAsync("1");
    }

    [SkippableFact]
    public async Task Name_Changed_AppearsInOtherPage()
    {
        var ada = await JoinAsync("Ada");
        var bob = await JoinAsync("Bob");

        await RenameAsync(bob, "Robert");
        await Expect(People(ada)).ToHaveTextAsync(["Ada", "Robert"]);

        await SendAsync(bob, "hello");
        await Expect(ada.Locator(".message .author")).ToHaveTextAsync(["Robert"]);

        // The page rejects a blank name.
        await RenameAsync(bob, "  ");
        await Expect(bob.Locator("#name")).ToHaveValueAsync("Robert");
    }

    [SkippableFact]
    public async Task Server_KilledAndRestarted_PageReportsLossAndKeepsName()
    {
        var ada = await JoinAsync("Ada");
        await SendAsync(ada, "before");
        await Expect(ada.Locator(".message")).ToHaveAttributeAsync("data-state", "sent");

        await _server.KillAsync();
        await Expect(ada.GetByRole(AriaRole.Status)).ToContainTextAsync("Connection lost");
        await RestartAsync();

        await Expect(ada.GetByRole(AriaRole.Status)).ToHaveTextAsync("Connected again. The server has lost the earlier messages.");
        await Expect(People(ada)).ToHaveTextAsync(["Ada"]);
        await SendAsync(ada, "after");
        await Expect(ada.Locator(".message").Last).ToHaveAttributeAsync("data-state", "sent");

        // The new server does not have the earlier messages. The page shows the same messages as a new page.
        await Expect(Texts(ada)).ToHaveTextAsync(["after"]);
        await Expect(Texts(await JoinAsync("Bob"))).ToHaveTextAsync(["after"]);
    }

    [SkippableFact]
    public async Task Connection_LostAndRestored_ShowsMessagesOnceAndKeepsOwnMessagesMarked()
    {
        await using var proxy = new TcpProxy(_server.Address.Port);
        var ada = await JoinAsync("Ada", proxy.Address);
        var bob = await JoinAsync("Bob");
        await SendAsync(ada, "from Ada");
        await Expect(Texts(bob)).ToHaveTextAsync(["from Ada"]);
        await SendAsync(bob, "from Bob");
        await Expect(Texts(ada)).ToHaveTextAsync(["from Ada", "from Bob"]);
        // Otherwise, the cut could leave the page without an answer to its request.
        await Expect(ada.Locator(".message.own")).ToHaveAttributeAsync("data-state", "sent");

        proxy.Cut();
        await Expect(ada.GetByRole(AriaRole.Status)).ToHaveTextAsync("Connected again");
        await SendAsync(bob, "again from Bob");

        await Expect(Texts(ada)).ToHaveTextAsync(["from Ada", "from Bob", "again from Bob"]);
        await Expect(ada.Locator(".message.own .text")).ToHaveTextAsync(["from Ada"]);
    }

    [SkippableFact]
    public async Task Message_NotSent_ShowsFailureAndCanBeRetried()
    {
        var ada = await JoinAsync("Ada");
        await _server.KillAsync();

        await SendAsync(ada, "hello");
        await Expect(ada.Locator(".failure")).ToContainTextAsync("Not sent");
        await Expect(ada.Locator(".failure")).ToBeVisibleAsync();
        await RestartAsync();
        await Expect(ada.GetByRole(AriaRole.Status)).ToContainTextAsync("Connected again");
        await Expect(Texts(ada)).ToHaveTextAsync(["hello"]);
        var bob = await JoinAsync("Bob");
        await ada.GetByRole(AriaRole.Button, new() { Name = "Try again" }).ClickAsync();

        await Expect(Texts(bob)).ToHaveTextAsync(["hello"]);
        await Expect(Texts(ada)).ToHaveTextAsync(["hello"]);
        await Expect(ada.Locator(".failure")).ToBeHiddenAsync();
    }

    [SkippableFact]
    public async Task Page_KeyboardOnly_IsFullyUsable()
    {
        var bob = await JoinAsync("Bob");
        var ada = await chromium.OpenAsync(_server.Address);
        await Expect(ada.GetByRole(AriaRole.Status)).ToHaveTextAsync("Connected");

        // The focus starts in the message box.
        await Expect(ada.GetByLabel("Message", new() { Exact = true })).ToBeFocusedAsync();
        await ada.Keyboard.TypeAsync("first line");
        await ada.Keyboard.PressAsync("Shift+Enter");
        await ada.Keyboard.TypeAsync("second line");
        await ada.Keyboard.PressAsync("Enter");
        await Expect(Texts(bob)).ToHaveCountAsync(1);
        (await Texts(bob).InnerTextAsync()).Should().Be("first line\nsecond line");

        // Shift+Tab moves back to the name. The messages and the people come before it, because the arrow keys scroll them.
        await ada.Keyboard.PressAsync("Shift+Tab");
        await Expect(ada.GetByRole(AriaRole.Log)).ToBeFocusedAsync();
        await ada.Keyboard.PressAsync("Shift+Tab");
        await Expect(ada.Locator("#people")).ToBeFocusedAsync();
        await ada.Keyboard.PressAsync("Shift+Tab");
        await Expect(ada.GetByLabel("Your name")).ToBeFocusedAsync();
        await ada.Keyboard.PressAsync("Control+A");
        await ada.Keyboard.TypeAsync("Ada");
        await ada.Keyboard.PressAsync("Enter");
        await Expect(People(bob)).ToHaveTextAsync(["Bob", "Ada"]);

        // After the name is set, the focus returns to the message box. The page does not send a blank message.
        await Expect(ada.GetByLabel("Message", new() { Exact = true })).ToBeFocusedAsync();
        await ada.Keyboard.TypeAsync("  ");
        await ada.Keyboard.PressAsync("Enter");
        await ada.Keyboard.TypeAsync("done");
        await ada.Keyboard.PressAsync("Tab");
        await Expect(ada.GetByRole(AriaRole.Button, new() { Name = "Send" })).ToBeFocusedAsync();
        await ada.Keyboard.PressAsync("Space");
        await Expect(Texts(bob)).ToHaveCountAsync(2);
        await Expect(Texts(bob).Last).ToHaveTextAsync("done");
    }

    [SkippableFact]
    public async Task Tabs_EightInOneBrowser_NewestConnectAndOlderTabResumesWhenUsed()
    {
        var first = await JoinAsync("Ada");
        var tabs = new List<IPage> { first };
        for (var i = 1; i < 8; i++)
            tabs.Add(await JoinAsync($"Tab {i}", context: first.Context));

        foreach (var tab in tabs[..4])
            await Expect(tab.GetByRole(AriaRole.Status)).ToContainTextAsync("Paused");
        foreach (var tab in tabs[4..])
            await Expect(tab.GetByRole(AriaRole.Status)).ToHaveTextAsync("Connected");
        await Expect(People(tabs[7])).ToHaveTextAsync(["Tab 4", "Tab 5", "Tab 6", "Tab 7"]);
        await SendAsync(tabs[7], "from the last");
        await Expect(tabs[7].Locator(".message")).ToHaveAttributeAsync("data-state", "sent");

        await first.Locator("#log").ClickAsync();
        await Expect(Texts(first)).ToHaveTextAsync(["from the last"]);
        await Expect(first.GetByRole(AriaRole.Status)).ToHaveTextAsync("Connected again");
        await Expect(tabs[4].GetByRole(AriaRole.Status)).ToContainTextAsync("Paused");
        await SendAsync(first, "from the first");
        await Expect(Texts(tabs[7])).ToHaveTextAsync(["from the last", "from the first"]);
    }

    private async Task<IPage> JoinAsync(string name, Uri? address = null, IBrowserContext? context = null)
    {
        var page = await chromium.OpenAsync(address ?? _server.Address, context);
        await Expect(page.GetByRole(AriaRole.Status)).ToHaveTextAsync("Connected");
        await RenameAsync(page, name);
        await Expect(Self(page)).ToHaveTextAsync([name]);
        return page;
    }

    private async Task RestartAsync()
    {
        var port = _server.Address.Port;
        _server.Dispose();
        _server = await SampleServer.StartAsync("Chat", port);
    }

    private static async Task RenameAsync(IPage page, string name)
    {
        await page.GetByLabel("Your name").FillAsync(name);
        await page.GetByLabel("Your name").PressAsync("Enter");
    }

    private static async Task SendAsync(IPage page, string text)
    {
        await page.GetByLabel("Message", new() { Exact = true }).FillAsync(text);
        await page.GetByLabel("Message", new() { Exact = true }).PressAsync("Enter");
    }

    private static ILocator Texts(IPage page) => page.Locator("#log .text");

    private static ILocator People(IPage page) => page.Locator("#people .author");

    private static ILocator Self(IPage page) => page.Locator("#people .person:has(.self) .author");
}
