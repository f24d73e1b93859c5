import type { Key } from "../../postgres/catalog/key.ts";
import type { Column, Relation } from "../../postgres/catalog/relation.ts";
import type { TriggerGuard } from "../../postgres/catalog/trigger-guard.ts";
import type { OpenedConflict } from "../conflict/arbiter.ts";

/** What an insert is made of. */
export interface InsertParts {
  readonly relation: Relation;
  /** finds inserted rows again: the described one where it is unique, else their address */
  readonly key: Key;
  readonly columns: readonly Column[];
  readonly conflict: OpenedConflict | null;
  /** PostgreSQL 18 and later tell what an upsert has overwritten */
  readonly hasReturningOld: boolean;
  /** values go into columns that are always generated as identity */
  readonly overridesIdentity: boolean;
  /** whether a trigger sees a row before it is inserted or updated */
  readonly guard: TriggerGuard;
}
