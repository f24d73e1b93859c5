import { quoteIdentifier } from "../../postgres/sql/sql.ts";
import { auditScript } from "./audit-script.ts";

/** The version of the schema that this code reads and writes. */
export const schemaVersion = 5;

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

create table ${s}.run (
  id bigint generated always as identity primary key,
  job text not null,
  kind text not null default 'run' check (kind in ('run', 'undo', 'verify')),
  of_run bigint references ${s}.run,
  writes text check (writes in ('update', 'insert', 'upsert', 'delete', 'move')),
  status text not null
    check (status in ('pending', 'running', 'succeeded', 'paused', 'interrupted', 'failed', 'cancelled')),
  wanted text not null default 'running' check (wanted in ('running', 'paused', 'cancelled')),
  pace jsonb not null default '{}',
  rollout jsonb,
  stage integer not null default 0,
  is_partial boolean not null default false,
  has_rows boolean not null default true,
  stop_reason text,
  message text,
  parameters jsonb not null,
  session jsonb not null default '{}',
  reject_limit text not null,
  code jsonb not null,
  key_fingerprint text not null,
  table_fingerprint text not null,
  tables jsonb not null default '[]',
  undo_parts jsonb,
  undo_log text not null default 'none' check (undo_log in ('none', 'plain', 'encrypted', 'purged')),
  answers text not null default 'none' check (answers in ('none', 'plain', 'encrypted', 'purged')),
  answers_kept_ms bigint,
  calls_after timestamptz,
  calls_wait text,
  calls_next timestamptz,
  calls_made bigint not null default 0,
  calls_failed bigint not null default 0,
  calls_cost jsonb not null default '{}',
  estimated_rows bigint,
  estimated_walk bigint,
  sweep integer not null default 0,
  wal_bytes_per_row double precision,
  request uuid,
  seconds_at_work double precision not null default 0,
  planned_through text[],
  is_planned boolean not null default false,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz,
  check ((finished_at is not null) = (status in ('succeeded', 'cancelled')))
);
create unique index run_request on ${s}.run (request, job);
create unique index run_unfinished on ${s}.run (job, (kind = 'verify')) where status not in ('succeeded', 'cancelled');
comment on table ${s}.run is 'One execution of a job with its parameters';
create index run_of on ${s}.run (of_run) where of_run is not null;
comment on column ${s}.run.request is 'What asked for the run, such as an item of a fleet''s queue: no second run is created for it';
comment on column ${s}.run.kind is 'What its batches do: the job''s own work, undoing a run, or comparing';
comment on column ${s}.run.of_run is 'The run that this one undoes, verifies or retries';
comment on column ${s}.run.writes is 'What its batches do to rows; for an undo, what the undone run did; null where it writes none';
comment on column ${s}.run.undo_parts is 'The tables whose images its undo log holds, and how, so that undo needs none of the job''s code';
comment on column ${s}.run.undo_log is 'How its old values are kept in the table undo_<id>';
comment on column ${s}.run.answers is 'How the answers of other systems are kept in the table answer_<id>';
comment on column ${s}.run.answers_kept_ms is 'For how long they stay after the run; null where each is dropped with its batch';
comment on column ${s}.run.calls_after is 'No process of the run calls the other system before this time';
comment on column ${s}.run.calls_next is 'When the next call may begin: all processes take their turns here';
comment on column ${s}.run.calls_cost is 'What they cost so far, by currency';
comment on column ${s}.run.wanted is 'What an operator asked for; workers read it when they commit';
comment on column ${s}.run.pace is 'The pace that was set for this run; workers read it when they commit';
comment on column ${s}.run.rollout is 'The stages of a gradual rollout; null where all rows are worked on at once';
comment on column ${s}.run.stage is 'The stage that is worked on, from 0';
comment on column ${s}.run.is_partial is 'A verify of what an unfinished run has done so far';
comment on column ${s}.run.has_rows is 'False where its job has steps only';
comment on column ${s}.run.session is 'Custom settings that each of its transactions sets, as the job says';
comment on column ${s}.run.wal_bytes_per_row is 'Write-ahead log for each row read, as measured while it ran; null where the server does not tell';
comment on column ${s}.run.seconds_at_work is 'How long processes were at work, without the time outside its window or held by a stop file';
comment on column ${s}.run.tables is 'The tables that it reads and writes, by OID and file: its checkpoints mean nothing for other tables of the same names';
comment on column ${s}.run.code is 'Hashes of the definition and of the files it was made of';
comment on column ${s}.run.sweep is 'How many sweeps have gone over the keys again to find late rows';
comment on column ${s}.run.planned_through is 'The key up to which ranges exist; null before the first and after the last';

create table ${s}.range (
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
comment on column ${s}.worker.held_back is 'Why it works slower than it could, or not at all';
create index worker_run on ${s}.worker (run_id);
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

${auditScript(s)}comment on table ${s}.worker is 'Processes at work on a run; one whose heartbeat is older than its lease is gone';
`;
}
