import { quoteIdentifier } from "../postgres/sql.ts";
import { runnerGrants } from "./grants.ts";

/**
 * Roles for tidefill's own tables as a script: an owner, a runner for jobs, an operator who steers runs and starts none, and a
 * viewer. What a job may do with the application's tables is granted to the runner, or to roles that are members of it.
 */
export function rolesScript(schema: string): string {
  const s = quoteIdentifier(schema);
  const role = (name: string): string => quoteIdentifier(`${schema}_${name}`);
  const list = (tables: readonly string[]): string => tables.map((table) => `${s}.${table}`).join(", ");
  return [
    ...["owner", "runner", "operator", "viewer"].map((name) => `create role ${role(name)} nologin;`),
    `alter schema ${s} owner to ${role("owner")};`,
    `do $$ declare t regclass; begin
  for t in select c.oid::regclass from pg_catalog.pg_class c
    where c.relnamespace = ${quoteLiteral(s)}::regnamespace and c.relkind = 'r' and c.relname !~ '^undo_'
  loop execute format('alter table %s owner to %s', t, ${quoteLiteral(role("owner"))}); end loop;
end $$;`,
    `grant ${role("viewer")} to ${role("runner")}, ${role("operator")};`,
    "",
    "-- sees everything, changes nothing; undo logs are the runner's",
    `grant usage on schema ${s} to ${role("viewer")};`,
    `grant select on ${list(["version", "run", "range", "reject", "retry", "worker", "step", "claim", "backup", "audit", "erased"])} to ${role("viewer")};`,
    "",
    "-- pause, cancel, set: what it asks for stands in the run, and in the audit",
    `grant update (wanted, pace, status, stop_reason, message, finished_at) on ${s}.run to ${role("operator")};`,
    `grant insert on ${s}.reject, ${s}.audit to ${role("operator")};`,
    `grant select, update on ${s}.audit_head to ${role("operator")};`,
    `grant delete on ${s}.retry to ${role("operator")};`,
    "",
    "-- runs jobs; create: each run makes its undo log, the table undo_<run>",
    `grant create on schema ${s} to ${role("runner")};`,
    ...Object.entries(runnerGrants).map(
      ([what, tables]) => `grant ${what} on ${list(tables)} to ${role("runner")};`,
    ),
    "",
  ].join("\n");
}

function quoteLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
