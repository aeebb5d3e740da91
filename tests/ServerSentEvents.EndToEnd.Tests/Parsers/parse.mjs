// Reads a stream from standard input, cuts it in two at each byte, and parses the parts with eventsource-parser. Writes JSON with
// an entry for each cut: the intervals of "retry", and the events as [type, data, id].
import { readFileSync } from "node:fs";
import { createParser } from "eventsource-parser";

const bytes = readFileSync(0);
const results = [];
for (let cut = 1; cut < bytes.length; cut++) {
  const retries = [];
  const events = [];
  const parser = createParser({
    onRetry: interval => retries.push(interval),
    onEvent: ({ event, data, id }) => events.push([event ?? "message", data, id ?? ""]),
    onError: error => { throw error; },
  });
  const decoder = new TextDecoder();
  parser.feed(decoder.decode(bytes.subarray(0, cut), { stream: true }));
  parser.feed(decoder.decode(bytes.subarray(cut), { stream: true }));
  results.push({ retries, events });
}

process.stdout.write(JSON.stringify(results));
