// The client of all four APIs: one origin, one token, types made of the published document.
import createClient, { type Client } from "openapi-fetch";
import type { paths, Problem } from "./dozvon.d.ts";

export type Dozvon = Client<paths>;

export function connect(origin: string, token: string): Dozvon {
  return createClient<paths>({
    baseUrl: origin,
    headers: { Authorization: `Bearer ${token}`, "Accept-Language": "en" },
  });
}

/** A refusal: `code` is for programs, `errors` names every fault at once. */
export class Refused extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super([problem.code, ...(problem.errors ?? []).map((fault) => `${fault.pointer} ${fault.code}`)].join(" "));
    this.problem = problem;
  }
}

/** What was answered, or an exception with the reason. */
export function answered<T>(call: { data?: T; error?: Problem }): T {
  if (call.data === undefined) throw new Refused(call.error ?? lost());
  return call.data;
}

function lost(): Problem {
  return { type: "about:blank", title: "No answer", status: 0, code: "no_answer" };
}
