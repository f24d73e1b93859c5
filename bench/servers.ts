import { postgresBinaries } from "../test/support/postgres-binaries.ts";

/** A server as people run it. Both profiles are durable: a commit waits for the disk. */
export interface Server {
  readonly name: string;
  readonly postgres: 15 | 18;
  readonly settings: Readonly<Record<string, string>>;
}

/** As PostgreSQL ships. */
const shipped = { fsync: "on", shared_buffers: "128MB", max_wal_size: "1GB" };
/** Memory and write-ahead log for a server of this size. */
const tuned = { fsync: "on", shared_buffers: "2GB", max_wal_size: "8GB", min_wal_size: "4GB" };

export const servers: readonly Server[] = [
  { name: "tuned-18", postgres: 18, settings: tuned },
  { name: "tuned-15", postgres: 15, settings: tuned },
  { name: "default-18", postgres: 18, settings: shipped },
  { name: "default-15", postgres: 15, settings: shipped },
];

/** Where the programs of a server's version are; the embedded package has those of 18. */
export function binariesOf({ postgres }: Server): string | undefined {
  return postgres === 18 ? undefined : postgresBinaries(postgres);
}
