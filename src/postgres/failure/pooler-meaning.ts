import pg from "pg";

/** What a pooler can mean by 08P01, the SQLSTATE of nearly every PgBouncer error. */
export type PoolerMeaning =
  /** it refuses a startup parameter */
  | "parameter"
  /** it pools statements, and refuses transactions */
  | "statement pooling"
  | "no database"
  | "login"
  /** it has no free connection, or none in time */
  | "connections";

const answers: readonly (readonly [RegExp, PoolerMeaning])[] = [
  [/unsupported startup (?:parameter|option)/i, "parameter"],
  [/not allowed in statement pooling mode/i, "statement pooling"],
  [/no such database|database ".*" does not exist/i, "no database"],
  [/no such user|authentication failed|auth(?:entication)? failed|password authentication/i, "login"],
  [/no more connections allowed|query_wait_timeout|too many (?:clients|connections)/i, "connections"],
];

/** What a pooler means by an error of class 08; null for any other failure. */
export function poolerMeaning(error: unknown): PoolerMeaning | null {
  if (!(error instanceof pg.DatabaseError) || error.code?.startsWith("08") !== true) return null;
  return answers.find(([words]) => words.test(error.message))?.[1] ?? null;
}

/** The startup parameter that a pooler names. */
export function refusedParameter({ message }: Error): string | null {
  return message.match(/unsupported startup (?:parameter|option)[^:]*: "?([\w.]+)/i)?.[1] ?? null;
}
