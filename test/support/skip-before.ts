import { inject, type TestContext } from "vitest";

/** Skips a test on servers before a version of PostgreSQL, which lack what it is about. */
export function skipBefore(major: number, { skip }: TestContext): void {
  skip(inject("postgresVersion") < major, `PostgreSQL before ${major} does not have this`);
}
