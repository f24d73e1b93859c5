import { displayName } from "../../job/columns/table.ts";
import { qualifiedName } from "../../postgres/catalog/relation.ts";
import { displayIdentifier, quoteIdentifier, raw, sql } from "../../postgres/sql/sql.ts";
import type { Transaction } from "../../postgres/transaction/database.ts";
import type { OpenedTable } from "../../source/table/opened-table.ts";
import type { Refusal } from "../open/check.ts";
import type { OpenedJob } from "../open/opened-job.ts";

const walkedRows = 2_000;
const longestText = 10_000;

/** Types whose texts are ASCII in any database encoding. */
const plainTypes = new Set(
  "int2 int4 int8 float4 float8 numeric bool uuid date time timetz timestamp timestamptz interval bytea oid".split(
    " ",
  ),
);

/** Valid UTF-8, as hexadecimal digits. */
const utf8 =
  "^([0-7].|(c[2-9a-f]|d.)[89ab].|(e0[ab].|e[1-9a-f][89ab].)[89ab].|(f0[9ab].|f[1-3][89ab].|f48.)([89ab].){2})*$";

/**
 * A database in SQL_ASCII stores any bytes, but returns only valid UTF-8. Every key, and what a row job
 * reads, must be returned: this checks the first rows in scope, without taking a value out of the database.
 */
export async function bytesAreText(tx: Transaction, { job, table }: OpenedJob): Promise<Refusal[]> {
  if (table === null || !(await isSqlAscii(tx))) return [];
  const key = table.key.columns.map(({ name }) => name);
  const read = job.kind === "row job" ? table.columns.map(({ name }) => name) : key;
  const texts = read.filter((name) => {
    const column = table.relation.columns.find((each) => each.name === name);
    return column !== undefined && !plainTypes.has(column.baseName);
  });
  const bad = texts.length === 0 ? [] : await withOtherBytes(tx, table, texts);
  return bad.map((name) => refusal(`${displayName(table.relation)}`, name, key.includes(name)));
}

async function isSqlAscii(tx: Transaction): Promise<boolean> {
  const { rows } = await tx.query(sql`select pg_catalog.current_setting('server_encoding') as encoding`);
  return rows[0]?.encoding === "SQL_ASCII";
}

/** The columns that contain other bytes in the first rows. */
async function withOtherBytes(
  tx: Transaction,
  { relation, key, definition }: OpenedTable,
  names: readonly string[],
): Promise<string[]> {
  const tests = names.map((name, index) => {
    const text = `${key.alias}.${quoteIdentifier(name)}::text`;
    const bytes = `pg_catalog.encode(pg_catalog.convert_to(${text}, 'SQL_ASCII'), 'hex')`;
    return `case when pg_catalog.octet_length(${text}) <= ${longestText} then ${bytes} !~ '${utf8}' end as bad_${index}`;
  });
  const found = names.map((_, index) => `pg_catalog.bool_or(bad_${index}) as bad_${index}`);
  const { rows } = await tx.query(sql`
    select ${raw(found.join(", "))}
    from (
      select ${raw(tests.join(", "))}, ${definition.filter ?? raw("true")} as is_in_scope
      from ${qualifiedName(relation)} as ${raw(key.alias)}
      order by ${key.list}
      limit ${walkedRows}
    ) as walked
    where is_in_scope`);
  return names.filter((_, index) => rows[0]?.[`bad_${index}`] === "t");
}

function refusal(table: string, column: string, isKey: boolean): Refusal {
  const name = displayIdentifier(column);
  const mend = `update ${table} set ${name} = convert_from(convert(convert_to(${name}, 'SQL_ASCII'), 'LATIN1', 'UTF8'), 'SQL_ASCII') where …;   with their real encoding instead of LATIN1`;
  return isKey
    ? {
        check: "bytes-are-text",
        message: `This database is SQL_ASCII, and the key ${table}.${name} holds bytes that are not UTF-8: no range can be planned over them.`,
        remedy: `Name another key in the description, or fix the key: ${mend}`,
      }
    : {
        check: "bytes-are-text",
        message: `This database is SQL_ASCII, and ${table}.${name} holds bytes that are not UTF-8: no transform can read them.`,
        remedy: `Write an SQL job, which takes no value out of the database (defineSqlJob); or exclude these rows with \`where\`; or fix them: ${mend}`,
      };
}
