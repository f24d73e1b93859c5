import { displayName } from "../../job/columns/table.ts";
import type { Relation } from "../../postgres/catalog/relation.ts";
import { sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { Check, Refusal } from "../open/check.ts";

/** Only a table's rows can be locked, keyed and written; a parent table includes its children's rows. */
export const relationIsATable: Check = async ({ tx, relation }) => {
  const name = displayName(relation);
  if (relation.kind !== "table" && relation.kind !== "partitioned table") {
    return [
      {
        check: "relation-is-a-table",
        message: `${name} is a ${relation.kind}; its rows cannot be locked and written in key order.`,
        remedy: "Name the table that holds the rows.",
      },
    ];
  }
  return relation.hasChildren ? ofParent(tx, relation) : [];
};

const mostShown = 3;

/** A parent's key is not unique across its children; each child is a table like any other. */
async function ofParent(tx: Transaction, relation: Relation): Promise<Refusal[]> {
  const { rows } = await tx.query(sql`
    select n.nspname, c.relname, pg_catalog.count(*) over () as children
    from pg_catalog.pg_inherits i
    join pg_catalog.pg_class c on c.oid = i.inhrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where i.inhparent = ${relation.oid}::oid
    order by i.inhrelid
    limit ${mostShown}`);
  const children = Number(rows[0]?.children ?? 0);
  if (children === 0) return [];
  const name = displayName(relation);
  const names = rows.map((row) => displayName({ schema: row.nspname ?? "", name: row.relname ?? "" }));
  const unlisted = children - names.length;
  const listed = `${names.join(", ")}${unlisted === 0 ? "" : ` and ${unlisted} more`}`;
  const jobs = names.map((child) => `tidefill new ${jobName(child)} --table ${shellWord(child)}`).join("   ");
  if (rows.some(({ nspname }) => nspname === "_timescaledb_internal"))
    return [
      {
        check: "relation-is-a-table",
        message: `${name} is a hypertable: its rows are in ${children} chunks (${listed}), and its key is not unique across them.`,
        remedy: `Write a job for each chunk that select show_chunks('${name.replaceAll("'", "''")}'); lists: ${jobs}   A compressed chunk accepts no update: first select decompress_chunk(…); and stop policies from creating or dropping chunks meanwhile.`,
      },
    ];
  return [
    {
      check: "relation-is-a-table",
      message: `${name} has tables that inherit from it (${listed}): its key is not unique across them.`,
      remedy: `Write one job for each of the tables: ${jobs}   To include rows of ${name} itself, move them into one of the tables: with own as (delete from only ${name} returning *) insert into ${names[0]} select * from own;`,
    },
  ];
}

function jobName(table: string): string {
  return `fill-${table.replaceAll(/[^a-z0-9]+/gi, "-").toLowerCase()}`;
}

/** A name as a shell reads it. */
function shellWord(text: string): string {
  return /^[\w.]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
