import { displayName } from "../../job/columns/table.ts";
import { type PublishedFault, readPublishedFaults } from "../../postgres/server/published-faults.ts";
import { displayIdentifier } from "../../postgres/sql/sql.ts";
import type { Check, CheckSubject, Refusal } from "../open/check.ts";

/** The most statements in one remedy; a table may have a thousand partitions. */
const mostShown = 5;

/** PostgreSQL refuses to update a published table whose rows subscribers could not tell apart. */
export const publishedRowsHaveAnIdentity: Check = async (subject) => {
  const events = eventsOf(subject);
  if (events.length === 0) return [];
  const faults = await readPublishedFaults(subject.tx, subject.relation, events);
  return (["no identity", "row filter", "column list"] as const).flatMap((kind) => {
    const found = faults.filter(({ fault }) => fault === kind);
    const [first] = found;
    return first === undefined ? [] : [refusal(subject, first, found)];
  });
};

/** What the job and its undo do for which a subscriber must find the row. */
function eventsOf({ verb, job, overwrites }: CheckSubject): ("update" | "delete")[] {
  if (verb === null) return [];
  if (verb !== "insert") return [verb];
  return [...(overwrites ? ["update" as const] : []), ...(job.undoable ? ["delete" as const] : [])];
}

function refusal(subject: CheckSubject, fault: PublishedFault, all: readonly PublishedFault[]): Refusal {
  const { verb, overwrites } = subject;
  const what =
    verb !== "insert" ? `every ${verb}` : overwrites ? "every upsert that meets a row" : "its undo";
  const remedies = [...new Set(all.map(remedyOf))];
  const more =
    remedies.length > mostShown ? `   -- and so on for ${remedies.length - mostShown} more partitions` : "";
  const without = verb === "insert" && !overwrites ? `   -- or write undoable: false in the job` : "";
  return {
    check: "published-rows-have-an-identity",
    message: `${messageOf(fault)}: PostgreSQL would refuse ${what}.`,
    remedy: `${remedies.slice(0, mostShown).join(" ")}${more}${without}`,
  };
}

function messageOf(fault: PublishedFault): string {
  const published = `${displayName(fault)} is published by ${displayIdentifier(fault.publication)}`;
  const columns = fault.columns.map(displayIdentifier).join(", ");
  if (fault.fault === "no identity") return `${published} and has no replica identity`;
  if (fault.fault === "row filter")
    return `${published} with a row filter on ${columns}, which is not part of its replica identity`;
  return columns === ""
    ? `${published} with a column list, but its replica identity is full`
    : `${published} with a column list that lacks ${columns} of its replica identity`;
}

function remedyOf(found: PublishedFault): string {
  const { fault, schema, name, index, of, publication, columns, listed, filter } = found;
  const table = displayName({ schema, name });
  if (fault === "no identity")
    return `alter table ${table} replica identity ${index === null ? "full" : `using index ${displayIdentifier(index)}`};`;
  if (fault === "row filter") return `alter table ${table} replica identity full;`;
  const change = `alter publication ${displayIdentifier(publication)}`;
  const whole = [...listed, ...columns.filter((column) => !listed.includes(column))].map(displayIdentifier);
  // No column list fits an identity of all columns.
  return columns.length === 0
    ? `alter table ${table} replica identity ${index === null ? "default" : `using index ${displayIdentifier(index)}`};`
    : `${change} drop table ${displayName(of)}; ${change} add table ${displayName(of)} (${whole.join(", ")})${filter === null ? "" : ` where ${filter}`};`;
}
