import { RefusedError } from "../errors.ts";
import type { Step } from "../job/steps/steps.ts";
import { raw } from "../postgres/sql/sql.ts";
import type { Database, Transaction } from "../postgres/transaction/database.ts";
import type { KnownStep, StepPhase } from "../store/runs/steps.ts";
import type { Session } from "../store/session.ts";
import type { Store } from "../store/store.ts";
import { hashOf, isAnyDone, isWholeDone, requireDone } from "./compare/done.ts";
import { requireSame } from "./compare/require-same.ts";
import { runStatement, type StatementControl } from "./statements/run-statement.ts";
import { statementsOf } from "./statements/statements-of.ts";
import { type StepPlace, withWhatIsLeft } from "./statements/step-failure.ts";
import type { StepStatement } from "./statements/step-statement.ts";
import type { StepEvent, StepListener } from "./step-events.ts";

/** One step of a job, and its entry in the store. */
interface StepOfJob {
  readonly job: string;
  readonly phase: StepPhase;
  readonly step: Step;
  /** undefined where it was never begun */
  readonly known: KnownStep | undefined;
}

/** Callbacks that follow the steps, and may hold or end them. */
export interface StepControl {
  readonly onStep?: StepListener | undefined;
  readonly signal?: AbortSignal | undefined;
  /** resolves when a step may begin; no step is held when absent */
  readonly mayBegin?: ((place: StepPlace) => Promise<void>) | undefined;
}

type Telling = StepEvent extends infer Each
  ? Each extends StepEvent
    ? Omit<Each, "job" | "phase" | "step">
    : never
  : never;

/** One step as it is done, or undone. */
export class StepWork {
  readonly #db: Database;
  readonly #store: Store;
  readonly #of: StepOfJob;
  readonly #control: StepControl;
  #isBack = false;
  /** some of it is done, which would be lost if the step were given up */
  #hasWorked = false;

  constructor({ db, store }: Session, of: StepOfJob, control: StepControl) {
    this.#db = db;
    this.#store = store;
    this.#of = of;
    this.#control = control;
  }

  /** Does what is not done of the step. */
  async do(): Promise<void> {
    const { step, known } = this.#of;
    await this.#control.mayBegin?.(this.#place);
    const begin = performance.now();
    // Only the process that begins a step first can see what existed before it.
    await this.#awaitGhosts();
    await this.#requireSame();
    const { up } = statementsOf(step, null);
    const kept = known ?? (await this.#lookBefore());
    const entry = { ...this.#key, definition: hashOf(step), before: kept.before, wasThere: kept.wasThere };
    const enter = (tx: Transaction): Promise<boolean> => this.#store.steps.enter(tx, entry);
    const work = this.#works("step done", enter, () => this.#store.steps.begin(this.#db, entry));
    this.#hasWorked = known !== undefined;
    for (const statement of up) this.#hasWorked = (await work(statement)) || this.#hasWorked;
    await this.#db.transaction(async (tx) => {
      await requireDone(tx, step, up);
      if (await enter(tx)) await this.#record(tx, "step done");
    });
    this.#tell({
      type: "step done",
      wasThere: !this.#hasWorked,
      seconds: (performance.now() - begin) / 1_000,
    });
  }

  /** Undoes what is done or begun; what existed before the job stays. */
  async undo(): Promise<void> {
    const { step, known } = this.#of;
    this.#isBack = true;
    await this.#control.mayBegin?.(this.#place);
    const begin = performance.now();
    await this.#awaitGhosts();
    const strike = (tx: Transaction): Promise<boolean> => this.#store.steps.strike(tx, this.#key);
    const work = this.#works("step undone", strike, () => this.#store.steps.beginBack(this.#db, this.#key));
    const isHalfDone = step.kind === "sql" && known?.state === "begun";
    for (const statement of this.#undo ?? [])
      this.#hasWorked =
        (await work(isHalfDone ? { ...statement, mayBeHalfDone: true } : statement)) || this.#hasWorked;
    await this.#db.transaction(async (tx) => {
      if (await strike(tx)) await this.#record(tx, this.#wasThere ? "step left" : "step undone");
    });
    const seconds = (performance.now() - begin) / 1_000;
    this.#tell({ type: "step undone", wasThere: this.#wasThere, seconds });
  }

  /** @throws RefusedError where it cannot be undone */
  async requireReversible(): Promise<void> {
    const { job, step, known } = this.#of;
    if (this.#undo !== null) return;
    // A step that was begun but changed nothing needs no undo; for the author's own statements that is
    // unknown.
    const { up } = statementsOf(step, null);
    if (known?.state !== "done" && step.kind !== "sql" && !(await isAnyDone(this.#db, up))) return;
    throw new RefusedError(
      "steps-can-be-undone",
      `The step "${step.name}" of ${job} cannot be undone; nothing was undone.`,
      "Restore from a backup, or write a new job that makes the change you want.",
    );
  }

  get #wasThere(): boolean {
    return this.#of.known?.wasThere === true;
  }

  /** null where there is none */
  get #undo(): readonly StepStatement[] | null {
    return this.#wasThere ? [] : statementsOf(this.#of.step, this.#of.known?.before ?? null).down;
  }

  get #key() {
    const { job, phase, step } = this.#of;
    return { job, phase, name: step.name };
  }

  get #place(): StepPlace {
    return { ...this.#key, isBack: this.#isBack };
  }

  /** What is already in the step's place must be what the step makes. The check may wait for a lock, too. */
  async #requireSame(): Promise<void> {
    const { step } = this.#of;
    const isDone: StepStatement["isDone"] = async (tx) => {
      await requireSame(tx, step);
      return true;
    };
    const look: StepStatement = { text: raw("select"), isTransactional: true, isDone };
    const control = this.#statementControl(
      async () => true,
      async () => {},
    );
    await runStatement(this.#db, this.#place, look, control);
  }

  /** What the undo will need, and whether there is nothing to undo, because it already exists. */
  async #lookBefore(): Promise<Pick<KnownStep, "before" | "wasThere">> {
    const { up, before, isThere } = statementsOf(this.#of.step, null);
    const kept = (await before?.(this.#db)) ?? null;
    const wasThere = await this.#db.transaction((tx) => isThere?.(tx) ?? isWholeDone(tx, up));
    return { before: kept, wasThere };
  }

  /** A backend whose client was killed may still commit a statement of this step. */
  async #awaitGhosts(): Promise<void> {
    const longMs = { lockMs: 60_000, statementMs: 60_000, wholeMs: 60_000 };
    await this.#db.transaction((tx) => this.#store.steps.hold(tx, this.#key, []), longMs);
  }

  /**
   * Runs the statements of a step. Where the catalogue tells how far the step is, `note` records before each
   * statement that it may be half done. Otherwise the mark commits together with the statement, so a second
   * process finds it.
   */
  #works(
    action: "step done" | "step undone",
    mark: (tx: Transaction) => Promise<boolean>,
    note: () => Promise<void>,
  ): (statement: StepStatement) => Promise<boolean> {
    const { step } = this.#of;
    const isMarked = step.kind === "sql" && step.transactional;
    const marking: StatementControl["around"] = async (tx, run) => {
      if (!(await mark(tx))) return false;
      await run();
      if (action === "step done") await requireDone(tx, step, statementsOf(step, null).up);
      await this.#record(tx, action);
      return true;
    };
    const states = action === "step done" ? (["begun"] as const) : (["begun", "undoing"] as const);
    const holding: StatementControl["around"] = async (tx, run) => {
      if (!(await this.#store.steps.hold(tx, this.#key, states))) throw overtaken(step);
      await run();
      return true;
    };
    const control = isMarked
      ? this.#statementControl(marking, async () => {})
      : this.#statementControl(holding, note);
    return (statement) =>
      runStatement(this.#db, this.#place, statement, control).catch(async (error: unknown) => {
        throw await withWhatIsLeft(this.#db, this.#place, statementsOf(step, null), error);
      });
  }

  #statementControl(around: StatementControl["around"], note: () => Promise<void>): StatementControl {
    return {
      around,
      begins: async (statement) => {
        await note();
        this.#tell({ type: "step begun", statement });
      },
      waits: (forMs, blockers) => this.#tell({ type: "step waits", forMs, inTheWay: blockers }),
      mayGoOn: async () => {
        if (!this.#hasWorked) await this.#control.mayBegin?.(this.#place);
      },
      signal: this.#control.signal,
    };
  }

  #record(tx: Transaction, action: string): Promise<void> {
    const { job, phase, step } = this.#of;
    const details = { phase, step: step.name, definition: hashOf(step) };
    return this.#store.audit.record(tx, { action, job, run: null, details });
  }

  #tell(told: Telling): void {
    const { job, phase, step } = this.#of;
    this.#control.onStep?.({ ...told, job, phase, step: step.name } as StepEvent);
  }
}

function overtaken({ name }: Step): RefusedError {
  return new RefusedError(
    "steps-are-done-by-one",
    `Another process has continued the step "${name}" meanwhile.`,
    "tidefill list   shows how far it is",
  );
}
