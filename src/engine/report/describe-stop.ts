import pg from "pg";
import { messageOf, TidefillError } from "../../errors.ts";
import { describeFailure } from "../../postgres/failure/failure.ts";

/** Why a run stopped, without a value of a row. */
export function describeStop(error: unknown): string {
  if (error instanceof TidefillError)
    return [error.message, error.remedy].filter((part) => part !== undefined).join(" ");
  if (error instanceof pg.DatabaseError) return describeFailure(error);
  return messageOf(error);
}
