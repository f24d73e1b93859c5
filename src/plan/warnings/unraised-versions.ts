import { displayName } from "../../job/columns/table.ts";
import { displayIdentifier } from "../../postgres/sql/sql.ts";
import type { Refusal } from "../open/check.ts";
import type { WrittenTable } from "../open/opened-job.ts";

/** Names that Hibernate, Rails, Doctrine, EF and TypeORM give to the version column of an optimistic lock. */
const lockNames =
  /^(?:(?:row|entity|object|record|lock)_?)?(?:version|ver)(?:_?(?:no|nr|num|number|id|lock))?$|^(?:opt(?:imistic)?_?)lock(?:_?version)?$/i;

/** An application that saves whole rows would undo what a run wrote, unless its lock notices the change. */
export function unraisedVersions(
  { relation, verb, columns, overwrites }: WrittenTable,
  isSql: boolean,
): readonly Refusal[] {
  if (verb === "delete" || (verb === "insert" && !overwrites)) return [];
  const found = relation.columns.filter(
    ({ name, baseName, isGenerated }) =>
      lockNames.test(name) && /^int[248]$/.test(baseName) && !isGenerated && !columns.includes(name),
  );
  return found.map(({ name }) => {
    const column = displayIdentifier(name);
    return {
      check: "optimistic-locks",
      message: `${displayName(relation)}.${column} looks like the version of an optimistic lock, but the job does not raise it: an application that has read a row before and then saves all of it restores the old values, and its lock notices nothing.`,
      remedy: isSql
        ? `Raise it as well: ${column}: sql\`${column} + 1\``
        : `Read ${column} as well, and write it plus one.`,
    };
  });
}
