import type { WholePlan } from "../../describe/describe-plan.ts";
import type { ListedJob } from "../../describe/list-jobs.ts";
import type { TidefillError } from "../../errors.ts";
import type { Queue } from "../../fleet/queue/queue.ts";
import type { Session } from "../../store/session.ts";

/** A database of which pages are shown. */
export interface PageTarget {
  readonly name: string;
  /** reads, as the viewer role, in read-only transactions */
  readonly session: Session;
  /** pauses, cancels and sets, as the operator role; null where its address is not known */
  readonly operator: Session | null;
}

/** A plan and its summary, as `tidefill plan` words it. */
export interface PagePlan {
  readonly plan: WholePlan;
  readonly summary: readonly string[];
}

/** What pages are made of. */
export interface PageSources {
  /** in their order; one without a list of targets */
  readonly targets: readonly PageTarget[];
  /** the jobs of the folder, and those that have run and have no file */
  readonly jobs: (target: PageTarget) => Promise<readonly ListedJob[]>;
  /** null for a job without a file. Nothing is written. */
  readonly plan: (target: PageTarget, job: string) => Promise<PagePlan | null>;
  /** opened when it is first needed; null where there is none */
  readonly queue: () => Promise<Queue | null>;
  /** asks the fleet to go on with a run; answers how many items were sent, or null where there is no fleet */
  readonly resume: (target: PageTarget, job: string, run: number) => Promise<number | null>;
  /** targets whose addresses are not known here, and why */
  readonly away: readonly { readonly name: string; readonly problem: string }[];
  /** where the pages are from: a name and a server, or how many targets */
  readonly where: string;
  /** anything that was thrown, as an error that says what to do */
  readonly explain: (thrown: unknown) => TidefillError;
  /** the commands in a text with the options that they need to be typed for this target */
  readonly typed: (target: PageTarget | null, text: string) => string;
}
