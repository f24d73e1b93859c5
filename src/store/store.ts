import type { Database } from "../postgres/transaction/database.ts";
import { Answers } from "./answers.ts";
import { Audit } from "./audit/audit.ts";
import { Backups } from "./backups.ts";
import { Notices } from "./notices.ts";
import { Rejects } from "./rejects/rejects.ts";
import { CallTurns } from "./runs/call-turns.ts";
import { Claim } from "./runs/claim.ts";
import { Ranges } from "./runs/ranges.ts";
import { Runs } from "./runs/runs.ts";
import { Samples } from "./runs/samples.ts";
import { Steps } from "./runs/steps.ts";
import { Workers } from "./runs/workers.ts";
import { StoreSchema } from "./schema/store-schema.ts";
import { UndoLogs } from "./undo-logs.ts";

/** tidefill's own tables: what survives a crash. */
export class Store {
  readonly schema: StoreSchema;
  readonly runs: Runs;
  readonly ranges: Ranges;
  readonly rejects: Rejects;
  readonly samples: Samples;
  readonly notices: Notices;
  readonly workers: Workers;
  readonly undoLogs: UndoLogs;
  readonly answers: Answers;
  readonly callTurns: CallTurns;
  readonly audit: Audit;
  readonly backups: Backups;
  readonly steps: Steps;

  constructor(schemaName?: string) {
    this.schema = new StoreSchema(schemaName);
    this.runs = new Runs(this.schema);
    this.ranges = new Ranges(this.schema);
    this.rejects = new Rejects(this.schema);
    this.notices = new Notices(this.schema);
    this.samples = new Samples(this.schema);
    this.workers = new Workers(this.schema);
    this.undoLogs = new UndoLogs(this.schema);
    this.answers = new Answers(this.schema);
    this.callTurns = new CallTurns(this.schema);
    this.audit = new Audit(this.schema);
    this.backups = new Backups(this.schema);
    this.steps = new Steps(this.schema);
  }

  /** Work that one process does alone. */
  claim(db: Database, name: string): Claim {
    return new Claim(db, this.schema, name);
  }
}
