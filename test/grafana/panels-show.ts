import { setTimeout as pause } from "node:timers/promises";
import { inject } from "vitest";
import type { Prometheus } from "../support/prometheus.ts";
import { filledIn, type Query } from "./queries.ts";

/**
 * Waits until all panels show something, and returns the first such instant in seconds since the epoch: a process
 * observes the server only every few beats, and knows some rates from its second look on. Returns after a minute
 * all the same; the tests then name the panels that show nothing.
 */
export async function panelsShow(
  prometheus: Prometheus,
  queries: readonly Query[],
  since: number,
): Promise<number> {
  const panels = queries.filter(({ kind }) => kind !== "annotation");
  const limit = Date.now() + 60_000;
  for (;;) {
    const now = Date.now() / 1_000;
    const shown = panels.map(async ({ kind, expr }) => {
      const query = filledIn(expr);
      const series =
        kind === "number" ? prometheus.query(query, now) : prometheus.queryRange(query, since, now);
      return (await series).length > 0;
    });
    if ((await Promise.all(shown)).every(Boolean) || Date.now() > limit) return now;
    await pause(500);
  }
}

/** What may be empty on servers that do not tell what a session wrote, and why. */
export function untoldBefore18(): Readonly<Record<string, string>> {
  if (inject("postgresVersion") >= 18) return {};
  const why = "before PostgreSQL 18 a server does not tell what a session wrote";
  return { "panel WAL written by tidefill": why, tidefill_own_wal_bytes_per_second: why };
}
