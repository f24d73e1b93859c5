import { quoteIdentifier } from "../postgres/sql.ts";

/** The version of the schema that this code reads and writes. */
export const schemaVersion = 1;

/** Everything that tidefill keeps, as one script: what `schema print` shows and `schema install` runs. */
export function schemaScript(schema: string): string {
  const s = quoteIdentifier(schema);
  return `create schema if not exists ${s};
comment on schema ${s} is 'tidefill: runs, ranges and rejects of backfills';

create table ${s}.version (
  version integer primary key,
  installed_at timestamptz not null default now()
);
insert into ${s}.version (version) values (${schemaVersion});

create table ${s}.run (
  id bigint generated always as identity primary key,
  job text not null,
  status text not null
    check (status in ('pending', 'running', 'succeeded', 'paused', 'interrupted', 'failed', 'cancelled')),
  wanted text not null default 'running' check (wanted in ('running', 'paused', 'cancelled')),
  stop_reason text,
  message text,
  parameters jsonb not null,
  reject_limit bigint not null,
  code jsonb not null,
  key_fingerprint text not null,
  table_fingerprint text not null,
  estimated_rows bigint,
  estimated_walk bigint,
  sweep integer not null default 0,
  planned_through text[],
  is_planned boolean not null default false,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz,
  check ((finished_at is not null) = (status in ('succeeded', 'cancelled')))
);
create unique index run_unfinished on ${s}.run (job) where status not in ('succeeded', 'cancelled');
comment on table ${s}.run is 'One execution of a job with its parameters';
comment on column ${s}.run.wanted is 'What an operator asked for; workers read it when they commit';
comment on column ${s}.run.code is 'Hashes of the definition and of the files it was made of';
comment on column ${s}.run.sweep is 'How often the whole key space was gone over once more to find late rows';
comment on column ${s}.run.planned_through is 'The key up to which ranges exist; null before the first and after the last';

create table ${s}.range (
  run_id bigint not null references ${s}.run on delete cascade,
  number bigint not null,
  sweep integer not null,
  after_key text[],
  through_key text[],
  checkpoint text[],
  status text not null default 'free' check (status in ('free', 'leased', 'done')),
  token uuid,
  worker uuid,
  lease_expires_at timestamptz,
  batches bigint not null default 0,
  rows_planned bigint,
  rows_walked bigint not null default 0,
  rows_read bigint not null default 0,
  rows_written bigint not null default 0,
  rows_unchanged bigint not null default 0,
  rows_skipped bigint not null default 0,
  rows_rejected bigint not null default 0,
  checkpointed_at timestamptz,
  primary key (run_id, number)
) with (fillfactor = 50);
create index range_unfinished on ${s}.range (run_id, number) where status <> 'done';
comment on table ${s}.range is 'A stretch of keys (after_key, through_key]; null is an open end';
comment on column ${s}.range.checkpoint is 'How far the range is committed, written in each batch''s own transaction';
comment on column ${s}.range.token is 'Random for each lease; a batch commits only while it is still there';

create table ${s}.reject (
  run_id bigint not null references ${s}.run on delete cascade,
  key text[] not null,
  range_number bigint not null,
  sqlstate text,
  reason text not null,
  rejected_at timestamptz not null default clock_timestamp(),
  primary key (run_id, key)
);
comment on table ${s}.reject is 'Rows that could not be transformed or written: key and reason, never the row';

create table ${s}.worker (
  id uuid primary key,
  run_id bigint not null references ${s}.run on delete cascade,
  host text not null,
  process integer not null,
  workers integer not null,
  started_at timestamptz not null default clock_timestamp(),
  heartbeat_at timestamptz not null default clock_timestamp(),
  lease_ms bigint not null,
  rows_per_second double precision not null default 0
);
create index worker_run on ${s}.worker (run_id);
comment on table ${s}.worker is 'Processes at work on a run; one whose heartbeat is older than its lease is gone';
`;
}
