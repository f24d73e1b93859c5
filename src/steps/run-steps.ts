import { createHash } from "node:crypto";
import { RefusedError } from "../errors.ts";
import { describeStep, type Step } from "../job/steps.ts";
import type { Database, Transaction } from "../postgres/database.ts";
import type { StepPhase } from "../store/steps.ts";
import type { Store } from "../store/store.ts";
import { actsOf } from "./acts-of.ts";
import { doAct } from "./do-act.ts";
import type { StepEvent, StepListener } from "./step-events.ts";

/** Which steps of which job. */
export interface PhaseOfJob {
  readonly job: string;
  readonly phase: StepPhase;
  readonly steps: readonly Step[];
}

interface Doing {
  readonly onStep?: StepListener | undefined;
  readonly signal?: AbortSignal | undefined;
}

type Told = StepEvent extends infer Each
  ? Each extends StepEvent
    ? Omit<Each, "job" | "phase" | "step">
    : never
  : never;

/** Does the steps of one phase of a job in their order, and takes them back in the opposite one. */
export class StepRunner {
  readonly #db: Database;
  readonly #store: Store;
  readonly #phase: PhaseOfJob;
  readonly #doing: Doing;

  constructor(db: Database, store: Store, phase: PhaseOfJob, doing: Doing) {
    this.#db = db;
    this.#store = store;
    this.#phase = phase;
    this.#doing = doing;
  }

  /** The steps that are not done yet. */
  async open(): Promise<readonly Step[]> {
    const done = await this.#done();
    return this.#phase.steps.filter(({ name }) => !done.has(name));
  }

  /** Does what is not done; killed at any instant, it goes on where it was. Answers how many steps there were to do. */
  async up(steps: readonly Step[] = this.#phase.steps): Promise<number> {
    return this.#alone(async () => {
      const done = await this.#done();
      const open = steps.filter(({ name }) => !done.has(name));
      for (const step of open) await this.#do(step);
      return open.length;
    });
  }

  /** Takes back what is done, the last step first. @throws RefusedError where a step has no way back; nothing is begun then */
  async down(): Promise<number> {
    return this.#alone(async () => {
      const done = await this.#done();
      const steps = this.#phase.steps.filter(({ name }) => done.has(name)).reverse();
      for (const step of steps) this.#requireWayBack(step, done.get(step.name) ?? null);
      for (const step of steps) await this.#undo(step, done.get(step.name) ?? null);
      return steps.length;
    });
  }

  async #do(step: Step): Promise<void> {
    const begin = performance.now();
    const { up, before } = actsOf(step, null);
    const entry = {
      ...this.#key(step),
      definition: hashOf(step),
      before: (await before?.(this.#db)) ?? null,
    };
    const enter = (tx: Transaction): Promise<boolean> => this.#store.steps.enter(tx, entry);
    let hasWorked = false;
    for (const act of up) {
      const around = isRecorded(step) ? this.#recorded(step, "step done", enter) : undefined;
      hasWorked = (await doAct(this.#db, step.name, act, this.#told(step), around)) || hasWorked;
    }
    await this.#db.transaction(async (tx) => {
      if (await enter(tx)) await this.#record(tx, "step done", step);
    });
    this.#tell(step, {
      type: "step done",
      wasThere: !hasWorked,
      seconds: (performance.now() - begin) / 1_000,
    });
  }

  async #undo(step: Step, before: string | null): Promise<void> {
    const begin = performance.now();
    const strike = (tx: Transaction): Promise<boolean> => this.#store.steps.strike(tx, this.#key(step));
    for (const act of actsOf(step, before).down ?? []) {
      const around = isRecorded(step) ? this.#recorded(step, "step undone", strike) : undefined;
      await doAct(this.#db, step.name, act, this.#told(step), around);
    }
    await this.#db.transaction(async (tx) => {
      if (await strike(tx)) await this.#record(tx, "step undone", step);
    });
    this.#tell(step, { type: "step undone", seconds: (performance.now() - begin) / 1_000 });
  }

  #requireWayBack(step: Step, before: string | null): void {
    if (actsOf(step, before).down !== null) return;
    throw new RefusedError(
      "steps-have-a-way-back",
      `The step "${step.name}" of ${this.#phase.job} has no way back; nothing was taken back.`,
      "Restore from a backup, or write a new job that brings about what you want.",
    );
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    const claim = this.#store.claim(this.#db, `steps of ${this.#phase.job}`);
    const heldBy = await claim.take();
    if (heldBy !== null) {
      throw new RefusedError(
        "steps-are-done-by-one",
        `Process ${heldBy.process} on ${heldBy.host} is at the steps of ${this.#phase.job}.`,
        "Wait until it is done; after a crash its claim ends within ten seconds.",
      );
    }
    try {
      return await work();
    } finally {
      await claim.giveBack();
    }
  }

  async #done(): Promise<ReadonlyMap<string, string | null>> {
    const done = await this.#store.steps.done(this.#db, this.#phase.job);
    return new Map(
      done.filter(({ phase }) => phase === this.#phase.phase).map(({ name, before }) => [name, before]),
    );
  }

  #key(step: Step) {
    return { job: this.#phase.job, phase: this.#phase.phase, name: step.name };
  }

  /** The record commits with the statement or not at all, and whoever comes second finds it there. */
  #recorded(step: Step, action: string, mark: (tx: Transaction) => Promise<boolean>) {
    return async (tx: Transaction, run: () => Promise<unknown>): Promise<boolean> => {
      if (!(await mark(tx))) return false;
      await run();
      await this.#record(tx, action, step);
      return true;
    };
  }

  #record(tx: Transaction, action: string, step: Step): Promise<void> {
    const details = { phase: this.#phase.phase, step: step.name, definition: hashOf(step) };
    return this.#store.audit.record(tx, { action, job: this.#phase.job, run: null, details });
  }

  #told(step: Step) {
    return {
      begun: (statement: string) => this.#tell(step, { type: "step begun", statement }),
      waits: (forMs: number, inTheWay: Extract<StepEvent, { type: "step waits" }>["inTheWay"]) =>
        this.#tell(step, { type: "step waits", forMs, inTheWay }),
      signal: this.#doing.signal,
    };
  }

  #tell(step: Step, told: Told): void {
    const { job, phase } = this.#phase;
    this.#doing.onStep?.({ ...told, job, phase, step: step.name } as StepEvent);
  }
}

/** Where only our own record tells whether a step is done: the author's statements, in a transaction. */
function isRecorded(step: Step): boolean {
  return step.kind === "sql" && step.transactional;
}

/** What a step was made of. */
export function hashOf(step: Step): string {
  return createHash("sha256")
    .update(JSON.stringify(describeStep(step)))
    .digest("hex");
}
