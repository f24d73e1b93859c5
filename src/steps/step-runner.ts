import { RefusedError } from "../errors.ts";
import type { Step } from "../job/steps/steps.ts";
import type { Database } from "../postgres/transaction/database.ts";
import type { KnownStep, StepPhase } from "../store/runs/steps.ts";
import type { Session } from "../store/session.ts";
import type { Store } from "../store/store.ts";
import { type StepControl, StepWork } from "./step-work.ts";

/** Steps of one phase of a job. */
export interface PhaseOfJob {
  readonly job: string;
  readonly phase: StepPhase;
  readonly steps: readonly Step[];
}

/** Does the steps of one phase of a job in order, and undoes them in reverse order. */
export class StepRunner {
  readonly #db: Database;
  readonly #store: Store;
  readonly #phase: PhaseOfJob;
  readonly #control: StepControl;

  constructor({ db, store }: Session, phase: PhaseOfJob, control: StepControl) {
    this.#db = db;
    this.#store = store;
    this.#phase = phase;
    this.#control = control;
  }

  /** The steps that are not done yet. */
  async open(): Promise<readonly Step[]> {
    const known = await this.#known();
    return this.#phase.steps.filter(({ name }) => known.get(name)?.state !== "done");
  }

  /** Waits until the first step may begin, so that checks before the steps see the state of that moment. */
  async awaitTurn(): Promise<void> {
    const [first] = await this.open();
    const { job, phase } = this.#phase;
    if (first !== undefined) await this.#control.mayBegin?.({ job, phase, name: first.name });
  }

  /** Does the steps that are not done; can be killed and repeated. Returns how many there were to do. */
  async up(steps: readonly Step[] = this.#phase.steps): Promise<number> {
    return this.#alone(async () => {
      const known = await this.#known();
      const open = steps.filter(({ name }) => known.get(name)?.state !== "done");
      for (const step of open) await this.#workOn(step, known.get(step.name)).do();
      return open.length;
    });
  }

  /** Undoes steps that are done or begun, the last first. @throws RefusedError before anything is undone */
  async down(): Promise<number> {
    return this.#alone(async () => {
      await this.requireReversible();
      const works = await this.#standing();
      for (const work of works.toReversed()) await work.undo();
      return works.length;
    });
  }

  /** @throws RefusedError where a step that is done or begun cannot be undone; nothing is written */
  async requireReversible(): Promise<void> {
    for (const work of await this.#standing()) await work.requireReversible();
  }

  async #standing(): Promise<readonly StepWork[]> {
    const known = await this.#known();
    return this.#phase.steps.flatMap((step) => {
      const entry = known.get(step.name);
      return entry === undefined ? [] : [this.#workOn(step, entry)];
    });
  }

  #workOn(step: Step, known: KnownStep | undefined): StepWork {
    const { job, phase } = this.#phase;
    return new StepWork({ db: this.#db, store: this.#store }, { job, phase, step, known }, this.#control);
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    const claim = this.#store.claim(this.#db, `steps of ${this.#phase.job}`);
    const heldBy = await claim.take();
    if (heldBy !== null) {
      throw new RefusedError(
        "steps-are-done-by-one",
        `Process ${heldBy.process} on ${heldBy.host} is working on the steps of ${this.#phase.job}.`,
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
}
