// What an operator does: come to work, take what is next, end it.
import { answered, type Dozvon } from "./client.ts";
import type { MeView, OutcomeIn, TaskOut } from "./dozvon.d.ts";

export async function comeToWork(dozvon: Dozvon): Promise<MeView> {
  answered(await dozvon.POST("/assignment/v1/check-in", { body: {} }));
  return answered(await dozvon.GET("/assignment/v1/me"));
}

/** The next task by the desk's rules, or the first of those that were given to the operator; null for none. */
export async function next(dozvon: Dozvon, me: MeView): Promise<TaskOut | null> {
  const found = answered(await dozvon.POST("/tasks/v1/next"));
  if (found.task) return found.task;
  const query = { operator_id: me.id, state: ["active" as const], sort: "due_at" as const, limit: 1 };
  return answered(await dozvon.GET("/tasks/v1/tasks", { params: { query } })).items[0] ?? null;
}

/** Begin work on a task: from now on it is nobody else's. */
export async function take(dozvon: Dozvon, task: TaskOut): Promise<TaskOut> {
  return answered(await dozvon.POST("/tasks/v1/tasks/{task_id}/take", { params: { path: { task_id: task.id } } }));
}

/**
 * End a task. If somebody has changed it meanwhile, the answer is 412 with the task as it is now: what one wanted to do is
 * decided again on that. `key` names the call, so that it may be repeated when its answer is lost.
 */
export async function end(
  dozvon: Dozvon,
  task: TaskOut,
  outcome: OutcomeIn,
  onConflict: (current: TaskOut) => boolean,
  key: string = crypto.randomUUID(),
): Promise<TaskOut> {
  const { data, error } = await dozvon.POST("/tasks/v1/tasks/{task_id}/outcome", {
    params: { path: { task_id: task.id }, header: { "If-Match": `"${task.version}"`, "Idempotency-Key": key } },
    body: outcome,
  });
  if (error?.code === "stale_version" && "current" in error && onConflict(error.current)) {
    return end(dozvon, error.current, outcome, () => false, key);
  }
  return answered({ data, error });
}
