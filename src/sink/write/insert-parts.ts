import type { Key } from "../../postgres/catalog/key.ts";
import type { Column, Relation } from "../../postgres/catalog/relation.ts";
import type { TriggerGuard } from "../../postgres/catalog/trigger-guard.ts";
import type { OpenedConflict } from "../conflict/arbiter.ts";

/** The parts of an insert. */
export interface InsertParts {
  readonly relation: Relation;
  /** finds inserted rows again: the key of the description where it is unique, otherwise their address */
  readonly key: Key;
  readonly columns: readonly Column[];
  readonly conflict: OpenedConflict | null;
  /** PostgreSQL 18 and later return what an upsert overwrote */
  readonly hasReturningOld: boolean;
  /** the insert sets columns that are `generated always as identity` */
  readonly overridesIdentity: boolean;
  /** whether a trigger sees a row before it is inserted or updated */
  readonly guard: TriggerGuard;
}
