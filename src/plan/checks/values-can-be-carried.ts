import { parseColumnType } from "../../job/columns/column-types.ts";
import { displayName } from "../../job/columns/table.ts";
import { sql } from "../../postgres/sql/sql.ts";
import type { Check, CheckSubject, Refusal } from "../open/check.ts";

/** Values that leave the database as texts must come back unchanged. */
export const valuesCanBeCarried: Check = async (subject) => {
  const { tx, table, relation } = subject;
  const encrypted = encryptedColumns(subject);
  const columns = [...new Set([...(subject.job.kind === "row job" ? subject.read : []), ...encrypted])];
  if (columns.length === 0) return [];
  const { rows } = await tx.query(sql`
    with recursive part (name, type) as (
      select attname, atttypid
      from pg_catalog.pg_attribute
      where attrelid = ${relation.oid}::oid
        and attname = any (${columns}::text[])
      union
      select part.name, inner_type.oid
      from part
      join pg_catalog.pg_type t on t.oid = part.type
      cross join lateral (
        select t.typbasetype as oid where t.typtype = 'd'
        union all
        select t.typelem where t.typcategory = 'A'
        union all
        select a.atttypid
        from pg_catalog.pg_attribute a
        where t.typtype = 'c'
          and a.attrelid = t.typrelid
          and a.attnum > 0
          and not a.attisdropped
      ) as inner_type
    )
    select part.name,
      pg_catalog.bool_or(t.oid = 'pg_catalog.xml'::pg_catalog.regtype) as has_xml,
      pg_catalog.bool_or(t.oid = 'pg_catalog.money'::pg_catalog.regtype) as has_money,
      pg_catalog.bool_or(t.typcategory = 'A' and element.typdelim <> ',') as has_delimiter
    from part
    join pg_catalog.pg_type t on t.oid = part.type
    left join pg_catalog.pg_type element on element.oid = t.typelem
    group by part.name
    order by part.name`);
  const money = rows.some(({ has_money }) => has_money === "t") ? await lostMoney(subject) : null;
  return rows.flatMap(({ name, has_xml, has_money, has_delimiter }): Refusal[] => {
    const column = relation.columns.find((each) => each.name === name);
    if (column === undefined) return [];
    const shown = `${displayName(relation)}.${name} (${column.displayType})`;
    const isArray = parseColumnType(table.columns[column.name] ?? "")?.isArray === true;
    return [
      ...(has_xml === "t" && !["xml", "_xml"].includes(column.baseName) ? [xmlInside(shown)] : []),
      ...(has_delimiter === "t" && isArray ? [otherDelimiter(shown, column.name)] : []),
      ...(has_money === "t" && money !== null ? [unreadableMoney(shown, money)] : []),
      ...(has_money === "t" && column.baseName !== "money" && encrypted.includes(column.name)
        ? [moneyInside(shown)]
        : []),
    ];
  });
};

/** The columns whose values an encrypted undo log keeps. */
function encryptedColumns({ job, table, relation, read, written, verb }: CheckSubject): readonly string[] {
  const isPersonal =
    job.personalData || [...read, ...written].some((name) => table.personalData.includes(name));
  if (!isPersonal || !job.undoable) return [];
  return verb === "delete" ? relation.columns.map(({ name }) => name) : written;
}

/** The setting under which a money's text is read back as another value; null where it is not. */
async function lostMoney({ tx }: CheckSubject): Promise<string | null> {
  const { rows } = await tx.query(sql`
    select pg_catalog.current_setting('lc_monetary') as setting
    from (values ('1'::pg_catalog.money), ('-1234567'::pg_catalog.money), ('1'::pg_catalog.money / 7)) as sample(value)
    where value::text::pg_catalog.money operator(pg_catalog.<>) value`);
  return rows[0]?.setting ?? null;
}

function refusal(message: string, remedy: string): Refusal {
  return { check: "values-can-be-carried", message, remedy };
}

const bySql = "write an SQL job, which takes no value out of the database (defineSqlJob)";

function xmlInside(column: string): Refusal {
  return refusal(
    `${column} contains an xml, which PostgreSQL prints without its declaration: it would not come back unchanged.`,
    `Leave the column out of \`read\` and of personal data, or ${bySql}.`,
  );
}

function otherDelimiter(column: string, name: string): Refusal {
  return refusal(
    `${column} is an array whose elements PostgreSQL does not separate by commas, so it cannot be parsed.`,
    `Write ${name}: "text" in the table's description.`,
  );
}

function moneyInside(column: string): Refusal {
  return refusal(
    `${column} contains money, which an encrypted undo log would store as printed under today's lc_monetary.`,
    "Write undoable: false in the job, and back up first: tidefill backup <job>",
  );
}

function unreadableMoney(column: string, setting: string): Refusal {
  return refusal(
    `${column} holds money, which PostgreSQL prints under lc_monetary = '${setting}' in a form that it reads back as another value.`,
    `alter role … set lc_monetary = 'C';   or ${bySql}.`,
  );
}
