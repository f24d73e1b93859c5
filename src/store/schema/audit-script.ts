/** The audit trail in the schema `s`, already quoted: a table that only grows, and the hash of its last line. */
export function auditScript(s: string): string {
  return `create table ${s}.audit (
  number bigint primary key,
  at timestamptz not null,
  role text not null,
  os_user text not null,
  host text not null,
  action text not null,
  job text,
  run_id bigint,
  details jsonb not null,
  previous bytea not null,
  hash bytea not null
);
comment on table ${s}.audit is 'Who did what and when; each line holds the hash of the one before it';

create table ${s}.audit_head (
  is_only boolean primary key default true check (is_only),
  number bigint not null,
  hash bytea not null
);
insert into ${s}.audit_head (number, hash) values (0, '');
comment on table ${s}.audit_head is 'Number and hash of the last line of audit, so that a removed line shows; a session that adds a line locks it';

create function ${s}.refuse_audit_change() returns trigger
language plpgsql
as $$
begin
  raise exception '%.% is append-only: % is refused', tg_table_schema, tg_table_name, pg_catalog.lower(tg_op)
    using errcode = 'object_not_in_prerequisite_state',
      hint = 'The audit must stay as it was written; only "tidefill schema uninstall" removes it.';
end
$$;
create trigger only_added_to before update or delete or truncate on ${s}.audit
  for each statement execute function ${s}.refuse_audit_change();
create trigger only_one before delete or truncate on ${s}.audit_head
  for each statement execute function ${s}.refuse_audit_change();
create trigger only_forward before update on ${s}.audit_head
  for each row when (new.number <= old.number) execute function ${s}.refuse_audit_change();
`;
}
