import { displayName } from "../../job/columns/table.ts";
import { displayIdentifier } from "../../postgres/sql/sql.ts";
import type { Refusal } from "../open/check.ts";
import type { WrittenTable } from "../open/opened-job.ts";

/** What Hibernate, Rails, Doctrine, EF and TypeORM call the column that tells a writer that its row is no longer what it read. */
const lockNames =
  /^(?:(?:row|entity|object|record|lock)_?)?(?:version|ver)(?:_?(?:no|nr|num|number|id|lock))?$|^(?:opt(?:imistic)?_?)lock(?:_?version)?$/i;

/** An application that saves whole rows would put back what a run has overwritten, unless its lock notices that the row has changed. */
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
      message: `${displayName(relation)}.${column} looks like the version of an optimistic lock, and the job does not raise it: an application that has read a row before and saves all of it puts back the old values, and its lock notices nothing.`,
      remedy: isSql
        ? `Raise it with the rest: ${column}: sql\`${column} + 1\``
        : `Read ${column} as well, write it, and answer it plus one.`,
    };
  });
}
