/** The schema of the queue: the tables of pg-boss, and those below. */
export const queueSchema = "tidefill_queue";

/** The queue of items, that of dead letters, and that of schedules that have come due. */
export const queues = { run: "run", dead: "dead", due: "due" } as const;

/** Where items are worked on, and how far waves are. Items themselves are in the tables of pg-boss. */
export const queueTables = `
create table if not exists ${queueSchema}.tidefill_place (
  item uuid primary key,
  host text not null,
  pid integer not null,
  since timestamptz not null default pg_catalog.clock_timestamp(),
  seen_at timestamptz not null default pg_catalog.clock_timestamp()
);
comment on table ${queueSchema}.tidefill_place is 'Which worker of the fleet has an item';

create table if not exists ${queueSchema}.tidefill_notice (
  subject text primary key,
  claimed_at timestamptz,
  sent_at timestamptz,
  at timestamptz not null default pg_catalog.clock_timestamp()
);
comment on table ${queueSchema}.tidefill_notice is 'What --notify has told of dead letters and waves';

create table if not exists ${queueSchema}.tidefill_rollout (
  id uuid primary key,
  job text not null,
  item jsonb not null,
  machines integer not null,
  waves integer not null,
  wave integer not null default 0,
  soak_ms double precision not null,
  begins_at timestamptz,
  state text not null check (state in ('running', 'stopped', 'succeeded', 'replaced')),
  message text,
  created_at timestamptz not null default pg_catalog.clock_timestamp()
);
comment on table ${queueSchema}.tidefill_rollout is 'A job that goes over its targets in waves';
create unique index if not exists tidefill_rollout_running on ${queueSchema}.tidefill_rollout (job) where state = 'running';

create table if not exists ${queueSchema}.tidefill_rollout_target (
  rollout uuid not null references ${queueSchema}.tidefill_rollout on delete cascade,
  target text not null,
  target_group text not null,
  wave integer not null,
  place integer not null,
  state text not null default 'waiting'
    check (state in ('waiting', 'queued', 'succeeded', 'failed', 'dropped')),
  words text,
  ended_at timestamptz,
  primary key (rollout, target)
);
`;
