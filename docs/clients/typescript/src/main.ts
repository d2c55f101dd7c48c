// One order, from the live feed to its outcome: node src/main.ts http://127.0.0.1:8000 maria
import { connect } from "./client.ts";
import { follow, type Feed } from "./stream.ts";
import { comeToWork, end, next, take } from "./work.ts";

declare const process: { argv: string[]; env: Record<string, string | undefined> };

const [origin = "http://127.0.0.1:8000", sub = "maria"] = process.argv.slice(2);
const token = process.env["OPERATOR_TOKEN"] ?? (await demoToken());
const dozvon = connect(origin, token);

const me = await comeToWork(dozvon);
console.log(`${me.name} is ${me.presence}, with ${me.open_work} open`);

const feed: Feed = { position: undefined };
const closing = new AbortController();
console.log(`told of ${await firstEntry(closing)}`);

const task = await next(dozvon, me);
if (task === null) throw new Error("there is nothing to do");
const mine = await take(dozvon, task);
console.log(`took ${mine.title}, order ${mine.order_number ?? "–"}, due ${mine.due_at}`);

// What a screen shows may be older than what is: here the version before the take, so that the conflict can be seen.
const stale = { ...mine, version: mine.version - 1 };
const ended = await end(dozvon, stale, { outcome: "reached", comment: "wants it tomorrow", call_made: true }, (current) => {
  console.log(`it is version ${current.version} by now, and still ours: ${current.operator_id === me.id}`);
  return current.operator_id === me.id && current.state === "active";
});
console.log(`ended as ${ended.outcome}, ${ended.state}`);

// The connection breaks. What happens meanwhile is told once it is back, beginning behind `feed.position`.
console.log(`told of ${await firstEntry(new AbortController())} after the break`);

/** Follow the feed until its next entry; the first time everything from its beginning is shown. */
async function firstEntry(until: AbortController): Promise<string> {
  feed.position ??= "0";
  for await (const entry of follow(origin, token, feed, until.signal)) {
    until.abort();
    return `${entry.kind} ${entry.order_number ?? ""}`.trim();
  }
  throw new Error("the stream ended");
}

/** In production your issuer gives the token (OIDC); the embedded stack has one for trying. */
async function demoToken(): Promise<string> {
  const body = JSON.stringify({ sub, roles: ["operator"], desks: ["demo"] });
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(`${origin}/dev/token`, { method: "POST", headers, body });
  const { access_token } = (await answer.json()) as { access_token: string };
  return access_token;
}
