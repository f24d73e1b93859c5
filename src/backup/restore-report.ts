import { displayName } from "../job/columns/table.ts";
import type { KeyText } from "../postgres/catalog/key.ts";
import type { Manifest } from "./manifest.ts";
import { mostConflictKeys, type RestoredPart } from "./restore-part.ts";
import type { BackupKind } from "./what-to-keep.ts";

/** What became of the rows of a backup: restored + alreadyRight + conflicts + gone = rows. */
export interface RestoreReport {
  readonly job: string;
  readonly directory: string;
  readonly table: string;
  readonly kind: BackupKind;
  readonly rows: number;
  readonly restored: number;
  readonly alreadyRight: number;
  /** rows that differ from the backup, or whose unique values newer rows have taken; left alone */
  readonly conflicts: number;
  /** rows of an update that no longer exist, and rows of persons who were erased; left alone */
  readonly gone: number;
  /** restored rows that a trigger, or a column's type of today, has changed */
  readonly altered: number;
  /** the first 100 */
  readonly conflictKeys: readonly KeyText[];
}

/** Adds up what became of the parts. */
export class RestoreTotal {
  #report: RestoreReport;

  constructor({ job, schema, table, kind }: Manifest, directory: string) {
    const counts = { rows: 0, restored: 0, alreadyRight: 0, conflicts: 0, gone: 0, altered: 0 };
    const name = displayName({ schema, name: table });
    this.#report = { job, directory, table: name, kind, ...counts, conflictKeys: [] };
  }

  add(part: RestoredPart): void {
    const so = this.#report;
    this.#report = {
      ...so,
      rows: so.rows + part.rows,
      restored: so.restored + part.restored,
      alreadyRight: so.alreadyRight + part.alreadyRight,
      conflicts: so.conflicts + part.conflicts,
      gone: so.gone + part.gone,
      altered: so.altered + part.altered,
      conflictKeys: [...so.conflictKeys, ...part.conflictKeys].slice(0, mostConflictKeys),
    };
  }

  get report(): RestoreReport {
    return this.#report;
  }
}
