import { createHash } from "node:crypto";
import { RefusedError, TidefillError } from "../errors.ts";
import { describeStep, type Step } from "../job/steps.ts";
import type { Database, Queryable, Transaction } from "../postgres/database.ts";
import type { KnownStep, StepPhase } from "../store/steps.ts";
import type { Store } from "../store/store.ts";
import type { Act } from "./act.ts";
import { actsOf } from "./acts-of.ts";
import { type Around, doAct, type Told } from "./do-act.ts";
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

type Telling = StepEvent extends infer Each
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
    const known = await this.#known();
    return this.#phase.steps.filter(({ name }) => known.get(name)?.state !== "done");
  }

  /** Does what is not done; killed at any instant, it goes on where it was. Answers how many steps there were to do. */
  async up(steps: readonly Step[] = this.#phase.steps): Promise<number> {
    return this.#alone(async () => {
      const known = await this.#known();
      const open = steps.filter(({ name }) => known.get(name)?.state !== "done");
      for (const step of open) await this.#do(step, known.get(step.name));
      return open.length;
    });
  }

  /** Takes back what is done, and what was begun, the last step first. @throws RefusedError as below; nothing is begun then */
  async down(): Promise<number> {
    return this.#alone(async () => {
      await this.requireWaysBack();
      const steps = await this.#standing();
      for (const { step, entry } of steps.reverse()) await this.#undo(step, entry);
      return steps.length;
    });
  }

  /** @throws RefusedError where a step that is done, or begun, has no way back; nothing is written */
  async requireWaysBack(): Promise<void> {
    for (const { step, entry } of await this.#standing()) await this.#requireWayBack(step, entry);
  }

  async #standing() {
    const known = await this.#known();
    return this.#phase.steps.flatMap((step) => {
      const entry = known.get(step.name);
      return entry === undefined ? [] : [{ step, entry }];
    });
  }

  async #do(step: Step, known: KnownStep | undefined): Promise<void> {
    const begin = performance.now();
    const { up, before } = actsOf(step, null);
    // What was there before is seen by the first who begins, and by nobody after him.
    await this.#awaitGhosts(step);
    const kept = known === undefined ? ((await before?.(this.#db)) ?? null) : known.before;
    const entry = { ...this.#key(step), definition: hashOf(step), before: kept };
    const enter = (tx: Transaction): Promise<boolean> => this.#store.steps.enter(tx, entry);
    const work = this.#workOn(step, "step done", enter, () => this.#store.steps.begin(this.#db, entry));
    let hasWorked = known !== undefined;
    for (const act of up) hasWorked = (await work(act)) || hasWorked;
    await this.#db.transaction(async (tx) => {
      await requireDone(tx, step, up);
      if (await enter(tx)) await this.#record(tx, "step done", step);
    });
    this.#tell(step, {
      type: "step done",
      wasThere: !hasWorked,
      seconds: (performance.now() - begin) / 1_000,
    });
  }

  async #undo(step: Step, { before, state }: KnownStep): Promise<void> {
    const begin = performance.now();
    await this.#awaitGhosts(step);
    const strike = (tx: Transaction): Promise<boolean> => this.#store.steps.strike(tx, this.#key(step));
    const work = this.#workOn(step, "step undone", strike, () =>
      this.#store.steps.beginBack(this.#db, this.#key(step)),
    );
    for (const act of actsOf(step, before).down ?? [])
      await work(step.kind === "sql" && state === "begun" ? { ...act, mayBeHalfDone: true } : act);
    await this.#db.transaction(async (tx) => {
      if (await strike(tx)) await this.#record(tx, "step undone", step);
    });
    this.#tell(step, { type: "step undone", seconds: (performance.now() - begin) / 1_000 });
  }

  async #requireWayBack(step: Step, { before, state }: KnownStep): Promise<void> {
    const { up, down } = actsOf(step, before);
    if (down !== null) return;
    // What was begun and has changed nothing needs no way back; of the author's own statements only he could tell.
    const isUntouched = state !== "done" && step.kind !== "sql" && !(await this.#isAnyDone(up));
    if (isUntouched) return;
    throw new RefusedError(
      "steps-have-a-way-back",
      `The step "${step.name}" of ${this.#phase.job} has no way back; nothing was taken back.`,
      "Restore from a backup, or write a new job that brings about what you want.",
    );
  }

  async #isAnyDone(acts: readonly Act[]): Promise<boolean> {
    return this.#db.transaction(async (tx) => {
      for (const act of acts) if (await act.isDone(tx)) return true;
      return false;
    });
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

  async #known(): Promise<ReadonlyMap<string, KnownStep>> {
    const known = await this.#store.steps.known(this.#db, this.#phase.job);
    return new Map(
      known.filter(({ phase }) => phase === this.#phase.phase).map((entry) => [entry.name, entry]),
    );
  }

  #key(step: Step) {
    return { job: this.#phase.job, phase: this.#phase.phase, name: step.name };
  }

  /** A backend whose client was killed may still commit a statement of this step. */
  async #awaitGhosts(step: Step): Promise<void> {
    const longMs = { lockMs: 60_000, statementMs: 60_000, wholeMs: 60_000 };
    await this.#db.transaction((tx) => this.#store.steps.hold(tx, this.#key(step), []), longMs);
  }

  /**
   * How the statements of a step are done. Where the catalogue tells how far it is, `note` says before each of them that it may be
   * half done; elsewhere the mark commits with the statement or not at all, and whoever comes second finds it there.
   */
  #workOn(
    step: Step,
    action: "step done" | "step undone",
    mark: (tx: Transaction) => Promise<boolean>,
    note: () => Promise<void>,
  ): (act: Act) => Promise<boolean> {
    const isMarked = step.kind === "sql" && step.transactional;
    const marking: Around = async (tx, run) => {
      if (!(await mark(tx))) return false;
      await run();
      if (action === "step done") await requireDone(tx, step, actsOf(step, null).up);
      await this.#record(tx, action, step);
      return true;
    };
    const states = action === "step done" ? (["begun"] as const) : (["begun", "taken back"] as const);
    const holding: Around = async (tx, run) => {
      if (!(await this.#store.steps.hold(tx, this.#key(step), states))) throw overtaken(step);
      await run();
      return true;
    };
    const told: Told = {
      begins: async (statement) => {
        if (!isMarked) await note();
        this.#tell(step, { type: "step begun", statement });
      },
      waits: (forMs, inTheWay) => this.#tell(step, { type: "step waits", forMs, inTheWay }),
      signal: this.#doing.signal,
    };
    return (act) => doAct(this.#db, step.name, act, told, isMarked ? marking : holding);
  }

  #record(tx: Transaction, action: string, step: Step): Promise<void> {
    const details = { phase: this.#phase.phase, step: step.name, definition: hashOf(step) };
    return this.#store.audit.record(tx, { action, job: this.#phase.job, run: null, details });
  }

  #tell(step: Step, told: Telling): void {
    const { job, phase } = this.#phase;
    this.#doing.onStep?.({ ...told, job, phase, step: step.name } as StepEvent);
  }
}

function overtaken({ name }: Step): RefusedError {
  return new RefusedError(
    "steps-are-done-by-one",
    `Somebody else has gone on with the step "${name}" meanwhile.`,
    "tidefill list   shows how far it is",
  );
}

/** @throws TidefillError where the database does not show what the statements of a step were to bring about */
async function requireDone(db: Queryable, step: Step, acts: readonly Act[]): Promise<void> {
  if (step.kind === "sql" && step.done === null) return;
  for (const act of acts) {
    if (await act.isDone(db)) continue;
    throw new TidefillError(
      "step-not-done",
      `The statements of the step "${step.name}" were run, and the database does not show what they were to bring about.`,
      {
        remedy:
          "Look at what is there; of statements of your own, also at the query that says whether they are done.",
      },
    );
  }
}

/** What a step was made of. */
export function hashOf(step: Step): string {
  return createHash("sha256")
    .update(JSON.stringify(describeStep(step)))
    .digest("hex");
}
