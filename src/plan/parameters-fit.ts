import { UsageError } from "../errors.ts";
import { ColumnCodec } from "../job/columns/column-codec.ts";
import { catalogNameOf } from "../job/columns/column-types.ts";
import { isStandardSchema, type ParameterSpec } from "../job/definition/parameters.ts";
import { sqlstateOf } from "../postgres/failure/failure.ts";
import { join, raw, type Sql, sql } from "../postgres/sql/sql.ts";
import type { Database } from "../postgres/transaction/database.ts";

/**
 * Checks that PostgreSQL can read the given values, such as a date or a large number; otherwise an error
 * would blame the job's SQL.
 * @throws UsageError that names all values that do not fit
 */
export async function requireParametersFit(
  db: Database,
  spec: ParameterSpec,
  parameters: object,
): Promise<void> {
  if (isStandardSchema(spec)) return;
  const given = parameters as Readonly<Record<string, unknown>>;
  const casts = Object.entries(spec)
    .filter(([name]) => given[name] !== null && given[name] !== undefined)
    .map(([name, type]) => ({ name, type, cast: castOf(name, type, given[name]) }));
  if (casts.length === 0 || (await canRead(db, join(casts.map(({ cast }) => cast))))) return;
  const problems: string[] = [];
  for (const { name, type, cast } of casts)
    if (!(await canRead(db, cast)))
      problems.push(`  ${name}: the given value is not a ${type.replace("?", "")}`);
  throw new UsageError(`The parameters do not fit the job:\n${problems.join("\n")}`, {
    remedy: "Write them as PostgreSQL does: --param since=2024-12-31",
  });
}

function castOf(name: string, type: string, value: unknown): Sql {
  const text = new ColumnCodec(name, type).encode(value);
  return sql`${text}::text::pg_catalog.${raw(catalogNameOf(type))}`;
}

async function canRead(db: Database, values: Sql): Promise<boolean> {
  return db.query(sql`select ${values}`).then(
    () => true,
    (error: unknown) => {
      if (sqlstateOf(error)?.startsWith("22") === true) return false;
      throw error;
    },
  );
}
