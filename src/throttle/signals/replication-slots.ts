import { sql } from "../../postgres/sql/sql.ts";
import type { Queryable } from "../../postgres/transaction/database.ts";
import { against, inBytes } from "../amount.ts";
import { defineSignal, utilizationOf } from "../signal.ts";

/** The limit where `max_slot_wal_keep_size` sets none. */
const defaultMaxBytes = 10 * 1_024 ** 3;

/** A slot without a consumer retains WAL until the disk is full or the slot is lost. The run stops before. */
export const replicationSlots = defineSignal({
  name: "replication slots",
  everyMs: 5_000,
  async read(db: Queryable) {
    const { rows } = await db.query(sql`
      select slot_name as name,
        pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), restart_lsn) as retained,
        (select setting::bigint * 1048576 from pg_catalog.pg_settings where name = 'max_slot_wal_keep_size') as kept
      from pg_catalog.pg_replication_slots
      where restart_lsn is not null
        and wal_status is distinct from 'lost'
        and not temporary
      order by restart_lsn
      limit 1`);
    const [slot] = rows;
    if (slot === undefined) return null;
    const kept = Number(slot.kept ?? -1);
    const limit = kept < 0 ? defaultMaxBytes : kept / 2;
    const retained = Number(slot.retained ?? 0);
    const measure = against(retained, limit, inBytes);
    return {
      utilization: utilizationOf(retained, limit),
      reason: `replication slot ${slot.name} retains ${measure} of WAL`,
    };
  },
});
