import { quoteIdentifier } from "../../postgres/sql/sql.ts";
import { runnerGrants } from "./grants.ts";
import { type RoleKind, roleKinds, roleNames } from "./role-names.ts";

/**
 * A script that creates roles for tidefill's own tables: an owner, a runner for jobs, an operator who steers
 * runs but starts none, and a viewer. Privileges on the application's tables go to the runner or its members.
 * Any role that may create roles and owns the database can run it, no superuser is needed. Existing roles,
 * such as those for another database of the same server, stay as they are.
 */
export function rolesScript(schema: string): string {
  const s = quoteIdentifier(schema);
  const names = roleNames(schema);
  const role = (kind: RoleKind): string => quoteIdentifier(names[kind]);
  const list = (tables: readonly string[]): string => tables.map((table) => `${s}.${table}`).join(", ");
  return [
    ...roleKinds.map((kind) => createRole(names[kind])),
    memberOf(names.viewer, names.runner),
    memberOf(names.viewer, names.operator),
    "-- the owner purges and erases, also in undo logs, which belong to the runner",
    memberOf(names.runner, names.owner),
    "-- a table can only be given to a role that one is a member of",
    `do $$ begin
  if not (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then
    execute pg_catalog.format('grant %I to %I', ${quoteLiteral(names.owner)}, current_user);
  end if;
end $$;`,
    `alter schema ${s} owner to ${role("owner")};`,
    `do $$ declare t regclass; begin
  for t in select c.oid::regclass from pg_catalog.pg_class c
    where c.relnamespace = ${quoteLiteral(s)}::regnamespace and c.relkind = 'r' and c.relname !~ '^(undo|answer)_'
  loop execute pg_catalog.format('alter table %s owner to %I', t, ${quoteLiteral(names.owner)}); end loop;
end $$;`,
    `set role ${role("owner")};`,
    "",
    "-- reads everything except undo logs and answers, which belong to the runner; changes nothing",
    `grant usage on schema ${s} to ${role("viewer")};`,
    `grant select on ${list(["version", "run", "range", "reject", "retry", "worker", "run_sample", "notice", "step", "claim", "backup", "audit", "erased"])} to ${role("viewer")};`,
    "",
    "-- pause, cancel, set: its requests are written to the run and to the audit",
    `grant update (wanted, pace, status, stop_reason, message, finished_at) on ${s}.run to ${role("operator")};`,
    `grant insert on ${s}.reject, ${s}.audit to ${role("operator")};`,
    `grant select, update on ${s}.audit_head to ${role("operator")};`,
    `grant delete on ${s}.retry to ${role("operator")};`,
    `grant insert, update, delete on ${s}.notice to ${role("operator")};`,
    "",
    "-- runs jobs; needs create: each run creates its own tables, undo_<run> and answer_<run>, and gives them to this role",
    `grant create on schema ${s} to ${role("runner")};`,
    ...Object.entries(runnerGrants).map(
      ([what, tables]) => `grant ${what} on ${list(tables)} to ${role("runner")};`,
    ),
    "",
    "reset role;",
    "",
  ].join("\n");
}

function createRole(name: string): string {
  return `do $$ begin
  if not exists (select from pg_catalog.pg_roles where rolname = ${quoteLiteral(name)}) then
    create role ${quoteIdentifier(name)} nologin;
  end if;
end $$;`;
}

/** Makes one role a member of the other unless it already is. */
function memberOf(group: string, member: string): string {
  return `do $$ begin
  if not pg_catalog.pg_has_role(${quoteLiteral(member)}, ${quoteLiteral(group)}, 'MEMBER') then
    grant ${quoteIdentifier(group)} to ${quoteIdentifier(member)};
  end if;
end $$;`;
}

function quoteLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
