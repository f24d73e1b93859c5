import type pg from "pg";

/** The values of `target_session_attrs`. */
export const sessionAttributes = [
  "any",
  "read-write",
  "read-only",
  "primary",
  "standby",
  "prefer-standby",
] as const;

export type SessionAttributes = (typeof sessionAttributes)[number];

/** What each round through the servers looks for; if a standby is only preferred, the second takes any. */
export function roundsOf(wanted: SessionAttributes): readonly SessionAttributes[] {
  return wanted === "prefer-standby" ? ["standby", "any"] : [wanted];
}

/** Why a server is not of the wanted kind; null when it is. */
export async function whyUnfit(client: pg.ClientBase, wanted: SessionAttributes): Promise<string | null> {
  if (wanted === "any") return null;
  const { rows } = await client.query<{ readonly standby: string; readonly readonly: string }>(
    "select pg_catalog.pg_is_in_recovery()::text as standby, pg_catalog.current_setting('transaction_read_only') as readonly",
  );
  const isStandby = rows[0]?.standby === "true";
  const isReadOnly = isStandby || rows[0]?.readonly === "on";
  if (wanted === "primary") return isStandby ? "is a standby" : null;
  if (wanted === "standby") return isStandby ? null : "is not a standby";
  if (wanted === "read-write") return isReadOnly ? "is read-only" : null;
  return isReadOnly ? null : "is not read-only";
}
