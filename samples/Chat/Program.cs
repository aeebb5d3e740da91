using Chat;
using Microsoft.AspNetCore.Http.HttpResults;
using ServerSentEvents;
using ServerSentEvents.AspNetCore;

var builder = SampleApplication.CreateBuilder(args, port: 5005);
builder.Configuration["Events:MaxSubscribers"] ??= "200";
builder.Services.AddServerSentEvents<Member>(builder.Configuration.GetSection("Events"));
builder.Services.ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Insert(0, ChatJson.Default));
builder.Services.AddSingleton<Room>();

await using var app = builder.Build();
app.UsePage();

app.MapGet("/events", Results<EventStreamResult<Member>, BadRequest<string>> (string? name, Room room, Publisher<Member> publisher) =>
    Room.IsName(name)
        ? publisher.ToResult(room.NewMember(name))
        : TypedResults.BadRequest("A name cannot be blank or too long."));

app.MapPost("/messages", (MessageRequest request, Room room) =>
    !Room.IsMessage(request.Id, request.Text) ? Results.BadRequest("A message cannot be blank or too long.")
    : room.Say(request.MemberId, request.Id, request.Text) is { } id ? Results.Ok(id)
    : Results.NotFound("This member is not here."));

app.MapPost("/name", (NameRequest request, Room room) =>
    !Room.IsName(request.Name) ? Results.BadRequest("A name cannot be blank or too long.")
    : room.Rename(request.MemberId, request.Name) ? Results.NoContent()
    : Results.NotFound("This member is not here."));

return await app.RunSampleAsync();
