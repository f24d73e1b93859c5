import { createHash } from "node:crypto";
import { describeStep } from "../steps/steps.ts";
import type { BoundJob, Job } from "./define-job.ts";

/**
 * A hash of everything in a definition that decides what the job does: the transform's own text, the source,
 * the sink. It does not cover what a transform imports; the command line adds the hashes of the files.
 */
export function definitionFingerprint(job: Job, bound: BoundJob): string {
  const essence = {
    kind: job.kind,
    source: bound.source.describe(),
    sink: bound.sink.describe(),
    transform: bound.transform?.toString() ?? null,
    ...(Object.keys(job.session).length === 0 ? {} : { session: job.session }),
  };
  return createHash("sha256").update(JSON.stringify(essence)).digest("hex");
}

/** A hash of everything that a job with only steps does. */
export function stepsFingerprint({ expand, contract }: Job): string {
  return createHash("sha256")
    .update(JSON.stringify([...expand, ...contract].map(describeStep)))
    .digest("hex");
}
