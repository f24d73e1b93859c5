import { UsageError } from "../../errors.ts";
import type { ScheduledOrder } from "../enqueue/send-due.ts";
import type { Queue } from "../queue/queue.ts";
import { queues } from "../queue/queue-tables.ts";

/** An order that is sent at times of a clock. */
export interface Schedule {
  readonly name: string;
  /** five fields, as cron has them */
  readonly cron: string;
  readonly zone: string;
  readonly order: ScheduledOrder;
  /** the next moments, as ISO dates */
  readonly next: readonly string[];
}

/** Reads `0 22 * * Mon-Fri Europe/Berlin`. @throws UsageError without a zone, since hours would differ by machine */
export function parseTimes(text: string): { readonly cron: string; readonly zone: string } {
  const words = text.trim().split(/\s+/);
  const [cron, zone] = [words.slice(0, 5).join(" "), words.slice(5).join(" ")];
  if (words.length === 5 && isZone(words[4] ?? ""))
    throw new UsageError(`"${text}" has four fields before its time zone, and needs five.`, {
      remedy: "They are minute, hour, day, month and weekday: 0 22 * * Mon-Fri.",
    });
  if (words.length === 6 && !isZone(zone))
    throw new UsageError(`"${zone}" is not a time zone.`, {
      remedy: "Write one such as Europe/Berlin, or UTC.",
    });
  if (words.length === 5)
    throw new UsageError(`"${text}" has no time zone.`, {
      remedy: `Write "${text} Europe/Berlin" or "${text} UTC".`,
    });
  if (words.length !== 6)
    throw new UsageError(`"${text}" is not a time: five fields of cron and a time zone.`, {
      remedy: 'Write "0 22 * * Mon-Fri Europe/Berlin".',
    });
  return { cron, zone };
}

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** Adds a schedule, or replaces the one of this name; returns it. @throws UsageError */
export async function addSchedule(
  queue: Queue,
  name: string,
  times: string,
  order: ScheduledOrder,
): Promise<Schedule> {
  if (!/^[A-Za-z0-9][\w.-]{0,99}$/.test(name))
    throw new UsageError(`"${name}" cannot be the name of a schedule.`, {
      remedy: "Use letters, digits and . _ -",
    });
  const { cron, zone } = parseTimes(times);
  const next = upcoming(queue, cron, zone, times);
  await queue.boss.schedule(queues.due, cron, order, { tz: zone, key: name });
  return { name, cron, zone, order, next };
}

/** @throws UsageError when there is none of this name */
export async function removeSchedule(queue: Queue, name: string): Promise<void> {
  if ((await queue.boss.getSchedule(queues.due, name)) === null)
    throw new UsageError(`There is no schedule "${name}".`, { remedy: "tidefill schedule list" });
  await queue.boss.unschedule(queues.due, name);
}

export async function listSchedules(queue: Queue): Promise<readonly Schedule[]> {
  const found = await queue.boss.getSchedules(queues.due);
  return found.map(({ key, cron, timezone, data }) => ({
    name: key,
    cron,
    zone: timezone,
    order: data as ScheduledOrder,
    next: upcoming(queue, cron, timezone, cron),
  }));
}

function upcoming(queue: Queue, cron: string, zone: string, text: string): readonly string[] {
  try {
    return queue.boss.previewSchedule(cron, { tz: zone, count: 3 }).map((at) => at.toISOString());
  } catch (error) {
    throw new UsageError(
      `"${text}" is not a time: ${error instanceof Error ? error.message : String(error)}`,
      {
        remedy: 'Write "0 22 * * Mon-Fri Europe/Berlin".',
      },
    );
  }
}
