/** The target whose address is that of the worker itself: a fleet on one database needs no list of targets. */
export const ownTarget = "default";

/** What a worker of the fleet is to do. It holds names only: no address and no value of a row. */
export interface Item {
  /** names what was asked for, as a UUID; all items of one job and target have the same */
  readonly request: string;
  readonly action: "run" | "up" | "purge";
  /** null for `up` and `purge` */
  readonly job: string | null;
  readonly target: string;
  /** parameters of the job as a command line gives them */
  readonly parameters: Readonly<Record<string, string>>;
  /** the first of so many processes starts the run, the rest join it */
  readonly machine: number;
  /** run the job even if it has succeeded before */
  readonly again: boolean;
  /** names the waves that it belongs to, as a UUID */
  readonly rollout: string | null;
  /** a hash of the job's files where the item was made; a worker with other files leaves it to another */
  readonly code: string | null;
  readonly priority: number;
  /** the run that an operator has asked to go on with, also where it is paused; no other run is begun */
  readonly resumes?: number;
  /** since when workers could not take it, and why; an ISO date */
  readonly refused?: { readonly since: string; readonly why: string };
}

/** Why an item is a dead letter. */
export interface Failure {
  /** as the command line would have exited: 1 to 4 */
  readonly code: number;
  readonly words: string;
  /** the run in the target's database; null where none began */
  readonly run: number | null;
  readonly host: string;
}

/** A dead letter, for an operator to retry or to drop. */
export interface DeadItem extends Item {
  /** absent where the queue gave up: its worker vanished too often */
  readonly failure?: Failure;
}

/** While an item with this name waits or is worked on, the queue takes no second one. */
export function singletonKey({ target, job, action, machine }: Item): string {
  return `${target}/${job ?? action}#${machine}`;
}

/** What an item is about, for people: `grade-essays on school-001`. */
export function itemName({ target, job, action, machine }: Item): string {
  const what = job ?? action;
  const where = target === ownTarget ? "" : ` on ${target}`;
  return machine === 1 ? `${what}${where}` : `${what}${where}, process ${machine}`;
}
