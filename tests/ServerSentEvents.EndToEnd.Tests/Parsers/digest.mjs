// Reads many streams with a parser or client from npm. Usage: node digest.mjs <package>. Standard input is a list of chunks. Each
// chunk has its length as four bytes, and then its bytes. A chunk without bytes ends a stream. For each stream, the script writes
// a line with the number of events and a SHA-256 of types, data and ids.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** Returns each stream as a list of chunks. */
function* streams(input) {
  let chunks = [];
  for (let at = 0; at < input.length;) {
    const length = input.readUInt32LE(at);
    at += 4;
    if (length > 0) {
      chunks.push(input.subarray(at, at += length));
    } else {
      yield chunks;
      chunks = [];
    }
  }
}

/** Returns a fetch function that answers with the chunks. */
const answering = chunks => async () => new Response(
  new ReadableStream({
    start(controller) {
      chunks.forEach(chunk => controller.enqueue(new Uint8Array(chunk)));
      controller.close();
    },
  }),
  { headers: { "Content-Type": "text/event-stream" } });

/** Reads a stream with a class like EventSource, which reports an error at the end. */
const readWith = (open, onEvent) => new Promise(resolve => {
  const source = open();
  source.dispatchEvent = event => {
    if (event.type === "error" && event.data === undefined) {
      source.close();
      resolve();
    } else if (event.data !== undefined) {
      onEvent(event.type, event.data, event.lastEventId);
    }
    return true;
  };
});

const readers = {
  async "eventsource-parser"() {
    const { createParser } = await import("eventsource-parser");
    return async (chunks, onEvent) => {
      const decoder = new TextDecoder();
      const parser = createParser({
        onEvent: ({ event, data, id }) => onEvent(event ?? "message", data, id ?? ""),
        onError: error => { throw error; },
      });
      chunks.forEach(chunk => parser.feed(decoder.decode(chunk, { stream: true })));
    };
  },
  async "@microsoft/fetch-event-source"() {
    const { getLines, getMessages } = await import("@microsoft/fetch-event-source/lib/cjs/parse.js");
    return async (chunks, onEvent) => {
      const ignore = () => {};
      const onLine = getLines(getMessages(ignore, ignore, ({ event, data, id }) => onEvent(event || "message", data, id)));
      chunks.forEach(chunk => onLine(new Uint8Array(chunk)));
    };
  },
  async eventsource() {
    const { EventSource } = await import("eventsource");
    return (chunks, onEvent) => readWith(() => new EventSource("http://localhost/", { fetch: answering(chunks) }), onEvent);
  },
  async "event-source-polyfill"() {
    // The package reads the fetch function of the page while the package is loaded.
    let current;
    globalThis.window = globalThis;
    globalThis.fetch = (...request) => answering(current)(...request);
    const { EventSourcePolyfill } = (await import("event-source-polyfill")).default;
    return (chunks, onEvent) => {
      current = chunks;
      return readWith(() => new EventSourcePolyfill("http://localhost/"), onEvent);
    };
  },
};

const read = await readers[process.argv[2]]();
for (const chunks of streams(readFileSync(0))) {
  const hash = createHash("sha256");
  let count = 0;
  await read(chunks, (type, data, id) => {
    count++;
    hash.update(`${type}\x01${data}\x01${id}\x02`);
  });
  process.stdout.write(`${count} ${hash.digest("hex")}\n`);
}

process.exit();
