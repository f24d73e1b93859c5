import { defineJob, defineTargets, type Job, rowsOf, sql, type TargetOptions, table, update } from "tidefill";
import { afterAll, beforeAll } from "vitest";
import { toTidefillError } from "../../src/cli/terminal/to-tidefill-error.ts";
import { enqueueOrder, type Timing } from "../../src/fleet/enqueue/enqueue-order.ts";
import type { Order } from "../../src/fleet/enqueue/selection.ts";
import { type Item, itemName } from "../../src/fleet/queue/item.ts";
import { Queue } from "../../src/fleet/queue/queue.ts";
import { type FleetWork, FleetWorker } from "../../src/fleet/work/fleet-worker.ts";
import { codeOf, type JobWithFiles } from "../../src/fleet/work/job-source.ts";
import type { Outcome } from "../../src/fleet/work/outcome.ts";
import { WorkerTargets } from "../../src/fleet/work/worker-targets.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

export const counters = table("counters", {
  key: "id",
  columns: { id: "bigint", n: "integer", label: "text?" },
});

/** Labels rows; a row with n = `poison` is rejected. */
export function labelJob(name = "label", more: Partial<Parameters<typeof defineJob>[0]> = {}): Job {
  return defineJob({
    name,
    source: rowsOf(counters, { read: ["n"], pending: sql`label is null` }),
    transform: ({ n }: { readonly n: number }) => {
      if (n === -1) throw new Error("poison");
      return { label: `n${n}` };
    },
    sink: update(counters, ["label"]),
    ...more,
  } as never);
}

/** What became of an item, as a test reads it. */
export interface Ended {
  readonly name: string;
  readonly kind: Outcome["kind"] | "lost";
  readonly words: string;
}

interface WorkerSettings {
  readonly jobs: readonly Job[];
  readonly files?: Readonly<Record<string, string>>;
  readonly patterns?: string;
  readonly slots?: number;
  readonly once?: boolean;
  readonly signal?: AbortSignal;
  readonly onBegin?: (item: Item) => void;
  readonly options?: FleetWork["options"];
}

/** A control database and small databases, the targets, for the tests of one file. */
export class TestFleet {
  readonly control: TestDatabase;
  readonly targets: ReadonlyMap<string, TestDatabase>;
  readonly queue: Queue;
  options: TargetOptions = {};
  groups: Readonly<Record<string, string>> = {};

  private constructor(control: TestDatabase, targets: ReadonlyMap<string, TestDatabase>, queue: Queue) {
    this.control = control;
    this.targets = targets;
    this.queue = queue;
  }

  static async open(names: readonly string[]): Promise<TestFleet> {
    const control = await createTestDatabase();
    const targets = new Map<string, TestDatabase>();
    for (const name of names) targets.set(name, await createTestDatabase());
    const queue = await Queue.open({ connectionString: control.url }, { supervises: false });
    return new TestFleet(control, targets, queue);
  }

  target(name: string): TestDatabase {
    const found = this.targets.get(name);
    if (found === undefined) throw new Error(`There is no target ${name}.`);
    return found;
  }

  /** Empties the queue and fills each target's table. */
  async fill(rows: number): Promise<void> {
    await this.control.query(
      "delete from tidefill_queue.job; delete from tidefill_queue.tidefill_rollout; delete from tidefill_queue.tidefill_place",
    );
    for (const target of this.targets.values())
      await target.query(`
        drop schema if exists tidefill cascade;
        drop table if exists counters;
        create table counters (id bigint primary key, n integer not null default 0, label text);
        insert into counters (id, n) select g, g from generate_series(1, ${rows}) g;
        analyze counters`);
    this.options = {};
    this.groups = {};
  }

  get listed() {
    return defineTargets(
      Object.fromEntries(
        [...this.targets].map(([name, { url }]) => [
          name,
          { url, ...(this.groups[name] === undefined ? {} : { group: this.groups[name] }) },
        ]),
      ),
      this.options,
    );
  }

  /** Sends a job to targets, all when none are named; returns how many items were sent. */
  async send(
    job: string,
    targets: readonly string[] = [],
    more: Partial<Order> & Timing = {},
  ): Promise<number> {
    const { startAfter, waves, soakMs = 0, request, ...rest } = more;
    const all = await this.listed.all();
    const chosen = targets.length === 0 ? all : all.filter(({ name }) => targets.includes(name));
    const order: Order = {
      action: "run",
      job,
      parameters: {},
      again: false,
      machines: 1,
      priority: 0,
      code: null,
      ...rest,
    };
    const sent = await this.queue.transaction((tx) =>
      enqueueOrder(this.queue.boss, tx, { order, targets: chosen }, { startAfter, waves, soakMs, request }),
    );
    return sent.sent;
  }

  /** Works as a process of its own would, until nothing waits; returns what became of the items. */
  async work({
    jobs,
    files = {},
    patterns,
    slots = 1,
    once = true,
    signal,
    onBegin,
    options = {},
  }: WorkerSettings): Promise<readonly Ended[]> {
    const queue = await Queue.open({ connectionString: this.control.url }, { supervises: true });
    const ended: Ended[] = [];
    const withFiles = jobs.map((job): JobWithFiles => ({ job, files }));
    const own = { connectionString: this.control.url, schema: "tidefill" };
    try {
      await new FleetWorker(queue, {
        jobs: {
          find: async (name) => withFiles.find(({ job }) => job.name === name) ?? null,
          inOrder: async () => withFiles,
        },
        targets: new WorkerTargets(this.listed, own, patterns),
        slots,
        once,
        signal: signal ?? new AbortController().signal,
        options,
        explain: toTidefillError,
        withTarget: (_, text) => text,
        listener: {
          began: (item) => onBegin?.(item),
          ended: (item, outcome) =>
            ended.push({
              name: itemName(item),
              kind: outcome === "lost" ? "lost" : outcome.kind,
              words: outcome === "lost" ? "" : outcome.words,
            }),
          reached: () => {},
          scheduleFailed: () => {},
          runListeners: () => [],
        },
      }).run();
    } finally {
      await queue.close();
    }
    return ended;
  }

  /** How many rows of a target have the label that belongs to them. */
  async labelled(name: string): Promise<number> {
    const [row] = await this.target(name).query(
      "select count(*)::integer as rows from counters where label = 'n' || n",
    );
    return row?.rows as number;
  }

  /** Items as the queue has them: `queue/state`, with their targets. */
  async items(): Promise<readonly Record<string, unknown>[]> {
    return this.control.query(
      "select name as queue, state::text as state, data ->> 'target' as target from tidefill_queue.job where state < 'completed' order by 3",
    );
  }

  async close(): Promise<void> {
    await this.queue.close();
    for (const target of [this.control, ...this.targets.values()]) await target.drop();
  }
}

/** Jobs as a worker of this machine has them. */
export const codeOfFiles = (job: Job, files: Readonly<Record<string, string>>): string =>
  codeOf({ job, files });

/** A fleet for the test file that calls this at its top level. */
export function useFleet(names: readonly string[]): () => TestFleet {
  let fleet: TestFleet | undefined;
  beforeAll(async () => {
    fleet = await TestFleet.open(names);
  });
  afterAll(() => fleet?.close());
  return () => {
    if (fleet === undefined) throw new Error("The fleet exists only inside hooks and tests.");
    return fleet;
  };
}
