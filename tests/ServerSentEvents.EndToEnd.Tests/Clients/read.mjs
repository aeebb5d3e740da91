// Reads an event stream with a client from npm. Usage: node read.mjs <package> <address>. The script writes a line with a JSON
// object for each call of onmessage, each error and each comment. The script ends when its standard input is closed.
const [client, address] = process.argv.slice(2);

const write = line => process.stdout.write(JSON.stringify(line) + "\n");

// The handler throws if the data is not JSON, as the handlers of many applications do.
const onmessage = ({ data }) => {
  write({ message: data });
  JSON.parse(data);
};
const onerror = error => write({ error: String(error?.message ?? error?.type ?? error) });

// The client gets the response unchanged. The script reads the comments from a copy.
const originalFetch = globalThis.fetch;
globalThis.fetch = async (...request) => {
  const response = await originalFetch(...request);
  writeComments(response.clone()).catch(() => {});
  return response;
};

async function writeComments(response) {
  let unfinished = "";
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (unfinished + text).split("\n");
    unfinished = lines.pop();
    for (const line of lines) {
      if (line.startsWith(":")) write({ comment: line });
    }
  }
}

const clients = {
  async "@microsoft/fetch-event-source"() {
    // The package expects a browser.
    globalThis.window = globalThis;
    globalThis.document = { hidden: false, addEventListener() {}, removeEventListener() {} };
    const { fetchEventSource } = await import("@microsoft/fetch-event-source");
    // The package reconnects after an error, but not at the end of a stream. Its README shows this way to reconnect.
    const onclose = () => { throw new Error("The stream has ended."); };
    await fetchEventSource(address, { onmessage, onclose, onerror });
  },
  async "extended-eventsource"() {
    const { EventSource } = await import("extended-eventsource");
    Object.assign(new EventSource(address, { disableLogger: true }), { onmessage, onerror });
  },
  async "event-source-polyfill"() {
    // The package expects a browser, and reads its fetch function while the package is loaded.
    globalThis.window = globalThis;
    const { EventSourcePolyfill } = (await import("event-source-polyfill")).default;
    Object.assign(new EventSourcePolyfill(address), { onmessage, onerror });
  },
  async eventsource() {
    const { EventSource } = await import("eventsource");
    Object.assign(new EventSource(address), { onmessage, onerror });
  },
};

process.stdin.on("end", () => process.exit()).resume();
await clients[client]();
