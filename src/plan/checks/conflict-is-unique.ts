import pg from "pg";
import { displayName } from "../../job/columns/table.ts";
import type { Relation } from "../../postgres/catalog/relation.ts";
import { readUniqueIndexes, type UniqueIndex } from "../../postgres/catalog/unique-index.ts";
import { describeFailure } from "../../postgres/failure/failure.ts";
import { displayIdentifier } from "../../postgres/sql/sql.ts";
import type { OnConflict } from "../../sink/definitions/on-conflict.ts";
import type { Check, Refusal } from "../open/check.ts";
import { findArbiter } from "../open/find-arbiter.ts";

/** What `onConflict` names must be unique in the table, by an index that PostgreSQL accepts for conflicts. */
export const conflictIsUnique: Check = async ({ tx, relation, conflict = null }) => {
  if (conflict === null) return [];
  const found = await findArbiter(tx, relation, conflict).catch((error: unknown) => mistakeIn(error));
  if (typeof found === "string") {
    return refuse(
      `PostgreSQL does not accept onConflict of this job: ${found}.`,
      "Write it as the table's index is written; its expressions can use only the table's columns.",
    );
  }
  if (found === null) return [notUnique(relation, conflict, await readUniqueIndexes(tx, relation))];
  const { name, isExclusion, isDeferrable, parts } = found;
  if (isExclusion && conflict.do !== "nothing") {
    return refuse(
      `${name} of ${displayName(relation)} is an exclusion constraint; PostgreSQL accepts it only for do: "nothing".`,
      'Write do: "nothing"; or leave onConflict out: then a row that meets another one becomes a reject.',
    );
  }
  if (isDeferrable && (isExclusion || conflict.do !== "reject")) {
    const columns = parts.map(({ text }) => text).join(", ");
    return refuse(
      `${name} of ${displayName(relation)} is deferrable, and PostgreSQL does not accept such a constraint for conflicts.`,
      isExclusion
        ? "Leave onConflict out: then a row that meets another one becomes a reject."
        : `Write do: "reject"; or create an index besides it: create unique index concurrently on ${displayName(relation)} (${columns});`,
    );
  }
  return [];
};

function mistakeIn(error: unknown): string {
  if (error instanceof pg.DatabaseError && /^(42|22|0A)/.test(error.code ?? ""))
    return describeFailure(error);
  throw error;
}

function refuse(message: string, remedy: string): Refusal[] {
  return [{ check: "conflict-is-unique", message, remedy }];
}

function notUnique(relation: Relation, conflict: OnConflict, indexes: readonly UniqueIndex[]): Refusal {
  const table = displayName(relation);
  const there = indexes
    .filter(({ isDeferrable }) => !isDeferrable)
    .map((index) => `${describe(index)} (${index.name})`);
  const has = there.length === 0 ? "Nothing is unique there." : `The table has: ${there.join("; ")}.`;
  const { target = [], where, constraint } = conflict;
  if (constraint !== undefined) {
    return {
      check: "conflict-is-unique",
      message: `${table} has no unique or exclusion constraint ${constraint}, which onConflict names.`,
      remedy: has,
    };
  }
  const parts = target.map((each) => (typeof each === "string" ? displayIdentifier(each) : `(${each})`));
  const only = where === undefined ? "" : ` where ${where}`;
  return {
    check: "conflict-is-unique",
    message: `onConflict names (${parts.join(", ")})${only}, but ${table} has no unique index on exactly that.`,
    remedy: `${has} Or create it: create unique index concurrently on ${table} (${parts.join(", ")})${only};`,
  };
}

/** How a job names the index. */
function describe({ parts, predicate, isExclusion, constraint }: UniqueIndex): string {
  if (isExclusion) return `constraint: ${JSON.stringify(constraint)} with do: "nothing"`;
  const names = parts.map(({ column, text }) =>
    column === null ? `sql\`${text}\`` : JSON.stringify(column),
  );
  const where = predicate === null ? "" : `, where: sql\`${predicate}\``;
  return `target: [${names.join(", ")}]${where}`;
}
