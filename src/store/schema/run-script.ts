/** The table of runs in the schema `s`, already quoted. */
export function runScript(s: string): string {
  return `create table ${s}.run (
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

`;
}
