import { UsageError } from "../../errors.ts";
import { howToBuild, type SqlLike, sqlWithin } from "../../postgres/sql/built-query.ts";
import { Sql } from "../../postgres/sql/sql.ts";

/** What is unique in the table: given by columns and expressions, or by the name of a constraint. */
export type ConflictTarget<Name extends string = string> =
  | {
      /** columns, and expressions over a row's columns such as `` sql`lower(email)` `` */
      readonly target: readonly (Name | SqlLike)[];
      /** the condition of the rows among which they are unique, if not all: the `where` of the index */
      readonly where?: SqlLike;
      readonly constraint?: never;
    }
  | {
      /** a unique or exclusion constraint */
      readonly constraint: string;
      readonly target?: never;
      readonly where?: never;
    };

/** What happens to a row whose unique values another row already has. */
export type OnConflict<Name extends string = string> = ConflictTarget<Name> &
  (
    | {
        /** the existing row stays; the new one is counted as conflicted */
        readonly do: "nothing";
      }
    | {
        /** these columns of the existing row take the new values; also counted as conflicted */
        readonly do: "update";
        readonly columns: readonly Name[];
      }
    | {
        /** the source row is rejected */
        readonly do: "reject";
      }
  );

/** The same with its SQL as pieces, frozen; `sink` is its name in messages. @throws UsageError */
export function requireOnConflict(sink: string, given: OnConflict, inserted: readonly string[]): OnConflict {
  const { target, where, constraint } = given;
  const updated = given.do === "update" ? given.columns : [];
  const isNamed = typeof constraint === "string" && constraint !== "";
  if ((!isNamed && (target ?? []).length === 0) || (given.do === "update" && updated.length === 0)) {
    throw new UsageError(`onConflict of ${sink} names no column.`, {
      remedy: 'Write onConflict: { target: ["email"], do: "nothing" }, or do: "update" with its columns.',
    });
  }
  if (isNamed && (target !== undefined || where !== undefined)) {
    throw new UsageError(`onConflict of ${sink} names both a constraint and a target.`, {
      remedy: "Name one of them: a constraint implies its columns.",
    });
  }
  const names = (target ?? []).filter((each) => typeof each === "string");
  const absent = [...names, ...updated].find((column) => !inserted.includes(column));
  if (absent !== undefined) {
    throw new UsageError(`onConflict of ${sink} names ${absent}, which the sink does not insert.`);
  }
  const piece = (each: unknown): Sql => {
    const found = sqlWithin(each);
    if (found !== null) return found;
    throw new UsageError(`onConflict of ${sink} names what is neither a column nor SQL.`, {
      remedy: howToBuild,
    });
  };
  return Object.freeze({
    ...given,
    ...(target === undefined
      ? {}
      : { target: target.map((each) => (typeof each === "string" ? each : piece(each))) }),
    ...(where === undefined ? {} : { where: piece(where) }),
  }) as OnConflict;
}

/** As plain data, for fingerprints. */
export function describeConflict(conflict: OnConflict | null): unknown {
  if (conflict === null) return null;
  const plain = (value: unknown): unknown => {
    if (value instanceof Sql) return value.describe();
    return Array.isArray(value) ? value.map(plain) : value;
  };
  return Object.fromEntries(Object.entries(conflict).map(([name, value]) => [name, plain(value)]));
}
