import { quoteIdentifier } from "../../postgres/sql/sql.ts";
import { auditScript } from "./audit-script.ts";
import { runScript } from "./run-script.ts";

/** The version of the schema that this code reads and writes. */
export const schemaVersion = 6;

/**
 * Makes the keys of a table unique and quick to find, by 128 bits of their hashes: a key may be longer than a
 * b-tree entry can hold, and a row with a long key must be rejected and erased like any other.
 */
function keyIndexes(schema: string, table: string, owner: string): string {
  const hash = (seed: number): string => `pg_catalog.hash_array_extended(key, ${seed})`;
  return `create unique index ${table}_once on ${schema}.${table} (${owner}, ${hash(0)}, ${hash(1)});
create index ${table}_key on ${schema}.${table} using hash (key);
`;
}

/** Everything that tidefill stores, as one script: `schema print` shows it and `schema install` runs it. */
export function schemaScript(schema: string): string {
  const s = quoteIdentifier(schema);
  return `create schema if not exists ${s};
comment on schema ${s} is 'tidefill: runs, ranges and rejects of backfills';

create table ${s}.version (
  version integer primary key,
  installed_at timestamptz not null default now()
);
insert into ${s}.version (version) values (${schemaVersion});

${runScript(s)}create table ${s}.range (
  run_id bigint not null references ${s}.run on delete cascade,
  number bigint not null,
  sweep integer not null,
  stage integer not null default 0,
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
  rows_swallowed bigint not null default 0,
  rows_conflicted bigint not null default 0,
  checkpointed_at timestamptz,
  of_rejects boolean not null default false,
  primary key (run_id, number)
) with (fillfactor = 50);
create index range_unfinished on ${s}.range (run_id, number) where status <> 'done';
comment on table ${s}.range is 'A range of keys (after_key, through_key]; null is an open end';
comment on column ${s}.range.stage is 'The stage of the rollout in which work on it begins';
comment on column ${s}.range.checkpoint is 'How far the range is committed, written in each batch''s own transaction';
comment on column ${s}.range.rows_swallowed is 'Rows whose write a trigger swallowed: they were not written, and PostgreSQL reported no error';
comment on column ${s}.range.of_rejects is 'Covers only the rows on the list of rejects that may pass by now';
comment on column ${s}.range.token is 'Random for each lease; a batch commits only while its token is still here';

create table ${s}.reject (
  number bigint generated always as identity primary key,
  run_id bigint not null references ${s}.run on delete cascade,
  key text[] not null,
  range_number bigint not null,
  sqlstate text,
  reason text not null,
  rejected_at timestamptz not null default clock_timestamp()
);
${keyIndexes(s, "reject", "run_id")}comment on table ${s}.reject is 'Rows that are listed: rejects of a run, conflicts of an undo, differences of a verify; key and reason, never the row';

create table ${s}.worker (
  id uuid primary key,
  run_id bigint not null references ${s}.run on delete cascade,
  host text not null,
  process integer not null,
  workers integer not null,
  started_at timestamptz not null default clock_timestamp(),
  heartbeat_at timestamptz not null default clock_timestamp(),
  lease_ms bigint not null,
  rows_per_second double precision not null default 0,
  held_back text
);
comment on table ${s}.worker is 'Processes at work on a run; one whose heartbeat is older than its lease is gone';
comment on column ${s}.worker.held_back is 'Why it works slower than it could, or not at all';
create index worker_run on ${s}.worker (run_id);

create table ${s}.run_sample (
  run_id bigint not null references ${s}.run on delete cascade,
  at timestamptz not null,
  rows bigint not null,
  seconds double precision not null,
  rows_per_second double precision not null,
  workers integer not null,
  level real not null,
  reason text,
  lag_seconds double precision,
  wal_bytes_per_second double precision,
  read_seconds real,
  transform_seconds real,
  write_seconds real,
  commit_seconds real,
  is_last boolean not null default false,
  primary key (run_id, at)
);
comment on table ${s}.run_sample is 'How a run was going, every ten seconds; purged with the run';
comment on column ${s}.run_sample.is_last is 'Its process left the run after it';
comment on column ${s}.run_sample.level is '1 is full pace, 0 is held';
comment on column ${s}.run_sample.read_seconds is 'Mean time of a batch since the sample before, by phase';

create table ${s}.notice (
  run_id bigint not null references ${s}.run on delete cascade,
  event text not null,
  occurrence integer not null,
  notice jsonb,
  is_over boolean not null default false,
  noted_at timestamptz not null default clock_timestamp(),
  claimed_at timestamptz,
  sent_at timestamptz,
  primary key (run_id, event, occurrence)
);
comment on table ${s}.notice is 'What --notify tells of runs, and what was told; the event watched stands for a run whose state is looked at';
comment on column ${s}.notice.is_over is 'The run is no longer so: the event may happen again';

create table ${s}.step (
  job text not null,
  phase text not null check (phase in ('expand', 'contract')),
  name text not null,
  definition text not null,
  before text,
  was_there boolean not null default false,
  state text not null check (state in ('begun', 'done', 'undoing')),
  begun_at timestamptz not null default clock_timestamp(),
  primary key (job, phase, name)
);
comment on table ${s}.step is 'The schema changes of jobs that are begun or done; an undone one is removed';
comment on column ${s}.step.definition is 'Hash of what it was made of';
comment on column ${s}.step.before is 'What the undo needs: the statement of an index that was dropped';
comment on column ${s}.step.was_there is 'It existed before the job: no undo removes it';
comment on column ${s}.step.state is 'For begun and undoing, only the catalogue knows how far the step is';

create table ${s}.claim (
  name text primary key,
  holder uuid not null,
  host text not null,
  process integer not null,
  expires_at timestamptz not null
);
comment on table ${s}.claim is 'Work that one process does alone; it runs out when the process is not heard of for a while';

create table ${s}.retry (
  number bigint generated always as identity primary key,
  run_id bigint not null references ${s}.run on delete cascade,
  key text[] not null
);
${keyIndexes(s, "retry", "run_id")}comment on table ${s}.retry is 'The rows that a run has to retry: rejects of an earlier run, which are no longer on its list';

create table ${s}.erased (
  number bigint generated always as identity primary key,
  table_name text not null,
  key text[] not null,
  erased_at timestamptz not null default clock_timestamp()
);
${keyIndexes(s, "erased", "table_name")}comment on table ${s}.erased is 'Rows of persons who were erased: no undo brings their values back';

create table ${s}.dry_answer (
  job text not null,
  id text not null,
  key text[] not null,
  input text not null,
  answer text not null,
  at timestamptz not null default clock_timestamp(),
  primary key (job, id)
);
comment on table ${s}.dry_answer is 'Answers of other systems that dry runs have paid for: the next run of the job takes them over';

create table ${s}.backup (
  id bigint generated always as identity primary key,
  job text not null,
  directory text not null,
  scope_fingerprint text not null,
  rows bigint not null,
  bytes bigint not null,
  started_at timestamptz not null,
  verified_at timestamptz not null
);
create index backup_job on ${s}.backup (job, started_at);
comment on column ${s}.backup.scope_fingerprint is 'Hash of the rows and columns that the job was about';
comment on table ${s}.backup is 'Backups that were read back and compared';

${auditScript(s)}`;
}
