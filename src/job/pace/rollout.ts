import { UsageError } from "../../errors.ts";
import { type Duration, parseDuration } from "./duration.ts";

/** The stages in which a run covers its rows; each is a random sample of ranges from the whole key space. */
export interface Rollout {
  /** the share of rows that is done after each stage; the last is 1 */
  readonly shares: readonly number[];
  /** continue automatically after a good stage; otherwise an operator types `resume` */
  readonly isAutomatic: boolean;
  /** how long to wait after a stage before judging it */
  readonly soakMs: number;
  /** the last stage, from 0, that was judged; absent before the first */
  readonly judged?: number;
}

/** Whether the stage that a run has done was judged: only then may the next begin. */
export function isJudged({
  rollout,
  stage,
}: {
  readonly rollout: Rollout | null;
  readonly stage: number;
}): boolean {
  return rollout?.judged === stage;
}

const defaultSoak = "1m";

/** `1%` or `5000 rows` first, then all. `rows` is the total by statistics. @throws UsageError */
export function canary(text: string, rows: number): Rollout {
  const counted = /^([\d_,]+)( rows?)?$/.exec(text.trim());
  const share =
    counted === null ? parseShare(text) : Number(counted[1]?.replaceAll(/[_,]/g, "")) / Math.max(1, rows);
  if (!(share > 0)) throw noShare(text);
  return { shares: share >= 1 ? [1] : [share, 1], isAutomatic: false, soakMs: 0 };
}

/** `1%,10%,100%`: each stage is verified, then soaks, then is judged. @throws UsageError */
export function stages(text: string, soak: string = defaultSoak): Rollout {
  const shares = text.split(",").map((part) => parseShare(part.trim()));
  const isRising = shares.every((share, index) => share > (shares[index - 1] ?? 0));
  if (!isRising || shares.at(-1) !== 1) {
    throw new UsageError(`The stages "${text}" do not rise to 100%.`, {
      remedy: 'Write each stage as the share that is done after it: "1%,10%,100%".',
    });
  }
  return { shares, isAutomatic: true, soakMs: parseDuration(soak as Duration) };
}

function parseShare(text: string): number {
  const found = /^(\d+(?:\.\d+)?)%$/.exec(text.trim());
  const share = Number(found?.[1] ?? Number.NaN) / 100;
  if (share > 0 && share <= 1) return share;
  throw noShare(text);
}

function noShare(text: string): UsageError {
  return new UsageError(`"${text}" is not a part of the rows.`, {
    remedy:
      'Write a share above 0% and up to 100%, such as "1%"; for a canary also a number, such as "5000 rows".',
  });
}
