// The operator's own feed as server-sent events. It resumes where it broke off, without gap or double.
// `fetch` instead of EventSource, because a token belongs into a header and not into an address.
import { Refused } from "./client.ts";
import type { FeedItem, StreamEnd } from "./dozvon.d.ts";

export interface Feed {
  /** The position of the last event that was seen; give it back to go on behind it. */
  position: string | undefined;
}

/** The stream ended for good. */
export class Ended extends Error {
  readonly reason: StreamEnd["reason"];

  constructor(reason: StreamEnd["reason"]) {
    super(`the stream ended: ${reason}`);
    this.reason = reason;
  }
}

/** Yield each entry as it comes, until `signal` ends it or the server closes the connection. */
export async function* follow(
  origin: string,
  token: string,
  feed: Feed,
  signal: AbortSignal,
): AsyncGenerator<FeedItem> {
  const headers: Record<string, string> = { Authorization: `Bearer ${token}`, "Accept-Language": "en" };
  if (feed.position !== undefined) headers["Last-Event-ID"] = feed.position;
  const answer = await fetch(`${origin}/notifications/v1/stream`, { headers, signal });
  if (!answer.ok || answer.body === null) throw new Refused(await answer.json());
  let rest = "";
  for await (const part of answer.body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + part).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const fields = new Map(block.split("\n").map((line) => cut(line)));
      // An id without data is no event, yet the place to go on from.
      feed.position = fields.get("id") ?? feed.position;
      const data = fields.get("data");
      if (data === undefined) continue;
      // The token has ended, or the operator works here no more: to come again with the same token is of no use.
      if (fields.get("event") === "end") throw new Ended((JSON.parse(data) as StreamEnd).reason);
      yield JSON.parse(data) as FeedItem;
    }
  }
}

function cut(line: string): [string, string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon), line.slice(colon + 1).trim()];
}
