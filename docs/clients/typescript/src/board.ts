// A board: live changes of tasks by the browser's own EventSource, which sends no header. A ticket in the address opens
// one stream; for the next one, also after a break, the page gets another and goes on behind the last place it saw.
import { answered, connect, type Dozvon } from "./client.ts";
import type { ChangeKind, TaskChange, TaskGone } from "./dozvon.d.ts";

declare const process: { argv: string[]; env: Record<string, string | undefined> };

const KINDS: Record<ChangeKind | "task_gone", true> = {
  task_opened: true, task_assigned: true, task_taken: true, task_moved: true, task_lent: true, task_returned: true,
  task_released: true, task_closed: true, task_deferred: true, task_overdue: true, task_reminded: true,
  task_changed: true, task_gone: true,
};

/** Show changes until `signal` ends it. Refusals, such as of a token that has ended, are exceptions. */
export async function board(
  dozvon: Dozvon,
  origin: string,
  show: (change: TaskChange | TaskGone) => void,
  signal: AbortSignal,
): Promise<void> {
  let place: string | undefined;
  while (!signal.aborted) {
    const { ticket } = answered(await dozvon.POST("/tasks/v1/stream-tickets"));
    const query = new URLSearchParams({ ticket, ...(place === undefined ? {} : { after: place }) });
    const stream = new EventSource(`${origin}/tasks/v1/stream?${query}`);
    const see = (event: MessageEvent<string>): void => {
      place = event.lastEventId;
      if (event.type !== "place") show(JSON.parse(event.data) as TaskChange | TaskGone);
    };
    for (const kind of [...Object.keys(KINDS), "place"]) stream.addEventListener(kind, see);
    await new Promise<void>((over) => {
      stream.addEventListener("end", () => over());
      stream.addEventListener("error", () => over());
      signal.addEventListener("abort", () => over());
    });
    stream.close();
  }
}

// node --experimental-eventsource src/board.ts http://127.0.0.1:8080: two changes, then no more
if (process.argv[1]?.endsWith("board.ts")) {
  const [origin = "http://127.0.0.1:8080"] = process.argv.slice(2);
  const closing = new AbortController();
  let seen = 0;
  const show = (change: TaskChange | TaskGone): void => {
    console.log("title" in change ? `${change.kind}: ${change.title}` : change.kind);
    if (++seen === 2) closing.abort();
  };
  await board(connect(origin, process.env["DOZVON_TOKEN"] ?? ""), origin, show, closing.signal);
}
