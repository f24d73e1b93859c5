/**
 * How a run waits: a signal holds it, a signal slows it down, its batches fail, or it waits for other
 * processes.
 */
export type HoldKind = "held" | "slowed down" | "held back" | "waiting";

/** Why a run does less than it could, and what an operator can do about it. */
export interface Hold {
  readonly kind: HoldKind;
  readonly reason: string;
  /** what to type, or what to wait for */
  readonly remedy: string;
  /**
   * `calls paused` where another system has asked the run to call it later, `off duty` where an operator has chosen
   * that it does not work now
   */
  readonly cause?: "calls paused" | "off duty";
}

/** A hold as a worker writes it down for other processes to read. */
export function holdToText(hold: Hold): string {
  return JSON.stringify(hold);
}

/** What `holdToText` wrote; a worker of an earlier version wrote the reason alone. */
export function holdFromText(text: string, run: string): Hold {
  if (text.startsWith('{"kind":')) return JSON.parse(text) as Hold;
  return { kind: "held back", reason: text, remedy: `tidefill status ${run}` };
}

/** Whether the run makes no progress meanwhile. */
export function isStandstill({ kind }: Hold): boolean {
  return kind === "held" || kind === "held back";
}

/** `held: replication lag 7.2 s > 5 s on replica-b` */
export function shownReason({ kind, reason }: Hold): string {
  return `${kind}: ${reason}`;
}

/** `held: replication lag 7.2 s > 5 s on replica-b → …` */
export function shownHold(hold: Hold): string {
  return `${shownReason(hold)} → ${hold.remedy}`;
}
