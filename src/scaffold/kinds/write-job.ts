import { UsageError } from "../../errors.ts";
import { type AddedColumn, withAdded } from "../added-column.ts";
import { findKey } from "../find-key.ts";
import type { JobFiles } from "../job-files.ts";
import type { TableFacts } from "../table-facts.ts";
import type { TablesFile } from "../tables-file.ts";
import { anonymiseFiles, columnsToAnonymise } from "./anonymise.ts";
import { deleteFiles } from "./delete.ts";
import { columnsToFill, fillFiles } from "./fill.ts";
import { moveFiles } from "./move.ts";
import { seedFiles } from "./seed.ts";

export const jobKinds = ["fill", "move", "copy", "seed", "anonymise", "delete"] as const;

export type JobKind = (typeof jobKinds)[number];

/** The job that a user wants to be written. */
export interface WantedJob {
  readonly name: string;
  readonly kind: JobKind;
  /** the columns to fill or to anonymise; empty where they are to be guessed */
  readonly columns: readonly string[];
  /** the columns that a fill adds before it fills them */
  readonly added: readonly AddedColumn[];
}

/** The text of a job and of its test; tables that are not described yet are added to `tables`. */
export function writeJob(
  { name, kind, columns: named, added }: WantedJob,
  tables: TablesFile,
  facts: TableFacts,
  into: TableFacts | null,
): JobFiles {
  const key = findKey(facts) ?? [];
  switch (kind) {
    case "fill": {
      const whole = withAdded(facts, added);
      const columns = columnsToFill(whole, key, [...named, ...added.map((column) => column.name)]);
      return fillFiles(name, tables.describe(whole, { key: true, columns }), columns, added);
    }
    case "anonymise": {
      const columns = columnsToAnonymise(facts, key, named);
      return anonymiseFiles(name, tables.describe(facts, { key: true, columns }), columns);
    }
    case "delete":
      return deleteFiles(name, tables.describe(facts, { key: true, columns: [] }));
    case "seed":
      return seedFiles(name, tables.describe(facts, { key: false, columns: [] }));
    case "move":
    case "copy": {
      if (into === null)
        throw new UsageError(`A ${kind} needs the table that the rows go to.`, {
          remedy: "Add --into <table>.",
        });
      if (into.relation.oid === facts.relation.oid)
        throw new UsageError(`A ${kind} of ${facts.name} cannot go into the table itself.`, {
          remedy: "Name another --into.",
        });
      const from = tables.describe(facts, { key: true, columns: [] });
      const target = tables.describe(into, { key: false, columns: [] });
      return moveFiles(name, kind, from, target);
    }
  }
}

/** A name for a job, made of its kind, its columns and its table. */
export function tellingName({ kind, columns }: Pick<WantedJob, "kind" | "columns">, table: string): string {
  const what = kind === "fill" || kind === "anonymise" ? columns : [];
  return [kind, ...what, table].join("-");
}
