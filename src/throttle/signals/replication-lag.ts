import { setTimeout as delay } from "node:timers/promises";
import { isAddress } from "../../postgres/connection/address.ts";
import type { ReplicaLag } from "../../postgres/server/server-activity.ts";
import { sql } from "../../postgres/sql/sql.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import { against, inBytes, inSeconds } from "../amount.ts";
import { type Reading, type Signal, SignalBlindError, utilizationOf } from "../signal.ts";
import { DeclaredReplica } from "./declared-replica.ts";
import { LsnHistory } from "./lsn-history.ts";

/** A replica that keeps up stays far below. Beyond it, reads on the replica are noticeably stale. */
export const defaultMaxSeconds = 5;
export const defaultMaxBytes = 512 * 1_024 ** 2;

/** How often the first look is repeated while a standby replays WAL from before that look. */
const firstPatience = { looks: 10, everyMs: 100 };

export interface LagLimits {
  /** standbys by `application_name` or as `postgres://…`, as set by now; all streaming ones without any */
  readonly declared: () => readonly string[];
  readonly maxSeconds: number;
  readonly maxBytes: number;
}

interface Streaming {
  readonly name: string;
  /** null where the role may not see it */
  readonly position: number | null;
}

/** Standbys must keep up in time and in bytes. A declared one that cannot be seen holds the run. */
export class ReplicationLag implements Signal {
  readonly name = "replication lag";
  readonly everyMs = 500;
  readonly #limits: LagLimits;
  readonly #history = new LsnHistory();
  #declared: readonly string[] = [];
  #addressed: readonly DeclaredReplica[] = [];
  #lags: readonly ReplicaLag[] = [];

  constructor(limits: LagLimits) {
    this.#limits = limits;
  }

  get onError(): "hold" | "ignore" {
    return this.#limits.declared().length > 0 ? "hold" : "ignore";
  }

  /** How far behind each replica was at the last look. */
  get lags(): readonly ReplicaLag[] {
    return this.#lags;
  }

  async read(db: Queryable): Promise<Reading | null> {
    await this.#declare();
    // A standby that keeps up replays the older WAL within a moment, and must not hold the run at its start.
    let patience = this.#history.isEmpty ? firstPatience.looks : 0;
    for (; ; patience -= 1) {
      const reading = await this.#look(db);
      if (patience === 0 || this.#lags.every(({ seconds }) => seconds !== null)) return reading;
      await delay(firstPatience.everyMs);
    }
  }

  async #look(db: Queryable): Promise<Reading | null> {
    const { primary, streaming } = await readPositions(db);
    const now = performance.now();
    this.#history.note(primary, now);
    const wanted = this.#declared.length === 0 ? streaming : this.#required(streaming);
    const seen = [...wanted, ...(await Promise.all(this.#addressed.map((replica) => replica.read(db))))];
    this.#lags = seen.flatMap(({ name, position }) =>
      position === null ? [] : [this.#lagOf(name, position, primary, now)],
    );
    const missing = seen.find(({ position }) => position === null);
    if (missing !== undefined) return this.#unseen(db, missing);
    return this.#lags.reduce<Reading | null>((most, lag) => {
      const reading = this.#judge(lag);
      return most === null || reading.utilization > most.utilization ? reading : most;
    }, null);
  }

  async close(): Promise<void> {
    await Promise.all(this.#addressed.map((replica) => replica.close()));
  }

  async #declare(): Promise<void> {
    const declared = this.#limits.declared();
    if (declared.join("\n") === this.#declared.join("\n")) return;
    await this.close();
    this.#declared = declared;
    this.#addressed = declared.filter(isAddress).map((url) => new DeclaredReplica(url));
  }

  #required(streaming: readonly Streaming[]): Streaming[] {
    return this.#declared
      .filter((name) => !isAddress(name))
      .flatMap((name) => {
        // Several standbys may match: without an application_name of its own each is called `walreceiver`.
        const found = streaming.filter((each) => each.name === name);
        if (found.length === 0) throw new SignalBlindError(`${name} is not connected`);
        return found;
      });
  }

  #lagOf(name: string, position: number, primary: number, now: number): ReplicaLag {
    const bytes = Math.max(0, primary - position);
    return { name, bytes, seconds: bytes === 0 ? 0 : this.#history.secondsBehind(position, now) };
  }

  #judge({ name, bytes, seconds }: ReplicaLag): Reading {
    const { maxSeconds, maxBytes } = this.#limits;
    if (seconds === null) {
      const reason = `replication lag unknown on ${name}: ${inBytes(bytes)} behind, some of it from before this process started`;
      return { signal: this.name, utilization: Math.max(1, utilizationOf(bytes, maxBytes)), reason };
    }
    const [late, far] = [utilizationOf(seconds, maxSeconds), utilizationOf(bytes, maxBytes)];
    const measure = late >= far ? against(seconds, maxSeconds, inSeconds) : against(bytes, maxBytes, inBytes);
    return {
      signal: this.name,
      utilization: Math.max(late, far),
      reason: `replication lag ${measure} on ${name}`,
    };
  }

  async #unseen(db: Queryable, { name }: Streaming): Promise<never> {
    const { rows } = await db.query(sql`select current_user as role`);
    throw new SignalBlindError(`${name} cannot be seen: grant pg_monitor to ${rows[0]?.role}`);
  }
}

/** The WAL positions of the primary and of the standbys that stream from it. */
async function readPositions(db: Queryable): Promise<{ primary: number; streaming: Streaming[] }> {
  // Skip a base backup under way: it is not a replica.
  const { rows } = await db.query(sql`
    select pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), '0/0') as primary_position,
      replica.pid is not null as is_replica,
      coalesce(nullif(replica.application_name, ''), replica.client_addr::text, 'a standby') as name,
      pg_catalog.pg_wal_lsn_diff(replica.replay_lsn, '0/0') as position,
      replica.state is null as is_hidden
    from (values (1)) as one
    left join pg_catalog.pg_stat_replication as replica
      on replica.state is null
        or (replica.state in ('streaming', 'catchup') and replica.replay_lsn is not null)`);
  const streaming = rows
    .filter((row) => row.is_replica === "t")
    .map((row) => ({
      name: row.name ?? "",
      position: row.is_hidden === "t" || row.position == null ? null : Number(row.position),
    }));
  return { primary: Number(rows[0]?.primary_position ?? 0), streaming };
}
