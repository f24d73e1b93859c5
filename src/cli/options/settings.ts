import type { Argv } from "yargs";
import { untilInstant } from "../../job/pace/until-instant.ts";
import { notifyOptions } from "../notify/notify-options.ts";
import { rememberOptions } from "../terminal/typed-options.ts";

/** Options that every command takes. */
export interface CommonSettings {
  readonly databaseUrl: string | undefined;
  /** a command of the shell that prints the password */
  readonly passwordCommand?: string | undefined;
  /** a directory, or "" for the default one; undefined when the option was not given */
  readonly embedded: string | undefined;
  readonly jobs: string;
  readonly schema: string;
  readonly json: boolean;
  /** a name of `tidefill.targets.ts` */
  readonly target?: string | undefined;
}

/** Declares the options of every command. */
export function commonOptions<T>(yargs: Argv<T>) {
  return yargs
    .option("database-url", {
      type: "string",
      describe: "postgres://… or host=… dbname=… (else DATABASE_URL, else PGHOST, PGUSER, …)",
      group: "Connection:",
    })
    .option("password-command", {
      type: "string",
      describe: "a command that prints the password, run at each connect (else TIDEFILL_PASSWORD_COMMAND)",
      group: "Connection:",
    })
    .option("env-file", {
      type: "string",
      describe: "read variables such as DATABASE_URL from this file",
      group: "Connection:",
    })
    .option("embedded", {
      type: "string",
      describe:
        "use a PostgreSQL of tidefill's own, kept in this directory (.tidefill/postgres when none is given)",
      group: "Connection:",
      conflicts: "database-url",
    })
    .option("schema", {
      type: "string",
      default: "tidefill",
      describe: "the schema of tidefill's own tables",
      group: "Connection:",
    })
    .option("jobs", { type: "string", default: "jobs", describe: "the folder of the jobs" })
    .option("json", { type: "boolean", default: false, describe: "one JSON object on stdout" });
}

/** When a command may work. */
export interface HoursSettings {
  readonly window?: string | undefined;
  readonly exitWhenClosed?: boolean | undefined;
  readonly until?: string | undefined;
}

/** Options of the commands that may have to wait for their hours. */
export function hoursOptions<T>(yargs: Argv<T>) {
  return yargs
    .option("window", {
      type: "string",
      describe: 'when the run may work: "22:00-06:00 Europe/Berlin", several joined by ";"',
    })
    .option("exit-when-closed", {
      type: "boolean",
      default: false,
      describe: "stop with exit code 75 instead of waiting while the window is closed",
    })
    .option("until", {
      type: "string",
      describe: 'stop with exit code 75 at this time: "06:00 Europe/Berlin"',
    });
}

/** The options of the hours as the engine takes them. @throws UsageError */
export function hoursOf({ window, exitWhenClosed, until }: HoursSettings) {
  return {
    window,
    exitWhenClosed,
    until: until === undefined ? undefined : untilInstant(until, new Date()),
  };
}

/** Options of the commands that work on a run. */
export function workOptions<T>(yargs: Argv<T>) {
  return notifyOptions(hoursOptions(yargs))
    .option("workers", {
      type: "number",
      describe: "ranges that each process works on at a time (4 unless set otherwise for the run)",
    })
    .option("processes", {
      type: "number",
      default: 1,
      describe: "processes that work on the run, for transforms that need more than one core",
    })
    .option("replica", {
      type: "string",
      array: true,
      default: [],
      describe:
        "a standby that must keep up: its application_name, or postgres://… (all streaming ones when not given)",
    })
    .option("lease", {
      type: "string",
      default: "10s",
      describe: "how long a vanished worker keeps its range",
    })
    .option("reject-limit", {
      type: "string",
      describe: "how many rejects stop the run: 500 or 0.5% (the job's own limit when not given)",
    })
    .option("metrics-port", {
      type: "number",
      describe: "serve Prometheus metrics at http://127.0.0.1:<port>/metrics",
    })
    .option("pushgateway", {
      type: "string",
      describe: "push the metrics to this Pushgateway when the run ends",
    })
    .option("log", { type: "string", describe: "append every event to this file as JSON lines" });
}

/** The common options as yargs reads them. */
export interface GivenSettings {
  readonly databaseUrl?: string | undefined;
  readonly passwordCommand?: string | undefined;
  readonly embedded?: string | undefined;
  readonly envFile?: string | undefined;
  readonly jobs: string;
  readonly schema: string;
  readonly json: boolean;
  readonly target?: string | undefined;
}

/** What yargs read, with the common options in their types. */
export function commonSettings(read: GivenSettings): CommonSettings {
  rememberOptions({ ...read, embedded: read.embedded });
  const { databaseUrl, passwordCommand, embedded, jobs, schema, json, target } = read;
  return { databaseUrl, passwordCommand, embedded, jobs, schema, json, target };
}
