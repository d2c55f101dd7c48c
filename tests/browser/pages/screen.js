// An operator's screen in plain JavaScript, on an origin of its own. `origin` is where the product is.

/** Call an API; return what a script of another origin may read of the answer. */
async function call(origin, method, path, { token, headers = {}, body } = {}) {
  const proof = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  const json = body === undefined ? {} : { "Content-Type": "application/json" };
  const content = body === undefined ? undefined : JSON.stringify(body);
  const answer = await fetch(origin + path, { method, headers: { ...proof, ...json, ...headers }, body: content });
  return { status: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.json() };
}

/** Wait for what something else on the page brings about. */
async function until(met) {
  while (!met()) await new Promise((again) => setTimeout(again, 20));
}

/** What a stream has told: its events, where to go on, how often it was opened, and why it ended. */
class Told {
  seen = [];
  place = undefined;
  opened = 0;
  ended = undefined;

  take(kind, id, data) {
    if (id) this.place = id;
    if (kind === "end") this.ended = data.reason;
    else if (kind === "place") this.opened += 1;
    else this.seen.push({ kind, id, ...data });
  }

  /** Return what was told of a customer. */
  of(name) {
    return this.seen.filter((each) => each.customer?.name === name);
  }
}

/** Follow a stream by EventSource, which sends no header: a ticket opens it once, the next goes on behind `told.place`. */
async function followByTicket(origin, service, token, kinds, told) {
  while (told.ended === undefined) {
    const ticket = await ticketFor(origin, service, token);
    const query = new URLSearchParams({ ticket, ...(told.place && { after: told.place }) });
    const stream = new EventSource(`${origin}/${service}/v1/stream?${query}`);
    await new Promise((over) => {
      for (const kind of [...kinds, "place", "end"]) {
        stream.addEventListener(kind, ({ lastEventId, data }) => told.take(kind, lastEventId, JSON.parse(data)));
      }
      stream.addEventListener("end", over);
      stream.onerror = over;
    });
    stream.close();
  }
}

/** Get a ticket; while the network is down, try again. */
async function ticketFor(origin, service, token) {
  for (;;) {
    try {
      return (await call(origin, "POST", `/${service}/v1/stream-tickets`, { token })).body.ticket;
    } catch {
      await new Promise((again) => setTimeout(again, 50));
    }
  }
}

/** Follow a stream by `fetch`, with the token in a header. */
async function followByFetch(origin, service, token, told) {
  const answer = await fetch(`${origin}/${service}/v1/stream`, { headers: { Authorization: `Bearer ${token}` } });
  let rest = "";
  for await (const text of answer.body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + text).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const { id, event, data } = Object.fromEntries(block.split("\n").map((line) => line.split(/: (.*)/s)));
      if (data !== undefined) told.take(event, id, JSON.parse(data));
      else if (id !== undefined) told.take("place", id);
    }
  }
}
