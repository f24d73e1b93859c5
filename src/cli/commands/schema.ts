import { createInterface } from "node:readline/promises";
import { ensureSchema } from "../../engine/control/ensure-schema.ts";
import { RefusedError, UsageError } from "../../errors.ts";
import { loadPgBoss } from "../../fleet/queue/pg-boss.ts";
import { Queue } from "../../fleet/queue/queue.ts";
import { queueSchema, queueTables } from "../../fleet/queue/queue-tables.ts";
import { sql } from "../../postgres/sql/sql.ts";
import { rolesScript } from "../../store/schema/roles-script.ts";
import { schemaScript } from "../../store/schema/schema-script.ts";
import { StoreSchema, uninstallSchema } from "../../store/schema/store-schema.ts";
import { queueAddress } from "../fleet/queue-address.ts";
import { defineCommand } from "../options/define-command.ts";
import { type CommonSettings, commonOptions, commonSettings } from "../options/settings.ts";
import { located, withStore } from "../options/with-store.ts";
import { printJson, printScript, say } from "../terminal/output.ts";

/** `tidefill schema install|print|uninstall` */
export const schemaCommand = defineCommand({
  builder: (yargs) =>
    commonOptions(yargs)
      .positional("action", { choices: ["install", "print", "uninstall"] as const, demandOption: true })
      .option("roles", {
        type: "boolean",
        default: false,
        describe: "with print: also the roles of an owner, a runner, an operator and a viewer",
      })
      .option("queue", {
        type: "boolean",
        default: false,
        describe: "with install or print: the tables of the fleet's queue, where TIDEFILL_QUEUE_URL says",
      })
      .option("yes", { type: "boolean", default: false, describe: "uninstall without asking" }),
  handler: async (given) => {
    const settings = commonSettings(given);
    if (given.queue)
      return given.action === "print" ? printQueue(settings) : installQueue(settings, given.action);
    if (given.action === "print") return print(settings, given.roles);
    return given.action === "install" ? install(settings) : uninstall(settings, given.yes);
  },
});

function print(settings: CommonSettings, withRoles: boolean): void {
  const { name } = new StoreSchema(settings.schema);
  const script = withRoles ? `${schemaScript(name)}\n${rolesScript(name)}` : schemaScript(name);
  if (settings.json) printJson({ schema: settings.schema, script });
  else printScript(script.trimEnd());
}

async function printQueue(settings: CommonSettings): Promise<void> {
  const { getConstructionPlans } = await loadPgBoss();
  const script = `${getConstructionPlans(queueSchema)}\n${queueTables}`;
  if (settings.json) printJson({ schema: queueSchema, script });
  else printScript(script.trimEnd());
}

async function installQueue(settings: CommonSettings, action: string): Promise<void> {
  if (action === "uninstall")
    throw new UsageError("The queue is not uninstalled by tidefill.", {
      remedy: `When no worker needs it, in its database: drop schema ${queueSchema} cascade`,
    });
  const isNew = await located(settings, (own) => Queue.install(queueAddress(own)));
  if (settings.json) printJson({ schema: queueSchema, installed: isNew });
  say(isNew ? `Installed the schema "${queueSchema}".` : `The schema "${queueSchema}" is up to date.`);
}

async function install(settings: CommonSettings): Promise<void> {
  await withStore(
    settings,
    async (session) => {
      const { store } = session;
      const installed = await ensureSchema(session);
      if (settings.json) printJson({ schema: store.schema.name, installed });
      say(
        installed
          ? `Installed the schema "${store.schema.name}".`
          : `The schema "${store.schema.name}" is already installed.`,
      );
    },
    { needsSchema: false, isAnnounced: true },
  );
}

async function uninstall(settings: CommonSettings, yes: boolean): Promise<void> {
  await withStore(
    settings,
    async ({ db, store }) => {
      const { rows } = await db.query(sql`select count(*) as runs from ${store.schema.table("run")}`);
      const { rows: active } = await db.query(sql`
      select count(*) as workers
      from ${store.schema.table("worker")}
      where heartbeat_at + lease_ms * interval '1 ms' > pg_catalog.clock_timestamp()`);
      if (Number(active[0]?.workers) > 0) {
        throw new RefusedError(
          "no-run-is-active",
          `Runs are under way in the schema "${store.schema.name}".`,
          "Pause or cancel them first: tidefill status",
        );
      }
      if (!yes)
        await confirm(
          `This deletes the records of ${rows[0]?.runs} runs, their checkpoints and rejects.`,
          store.schema.name,
        );
      await uninstallSchema(db, store.schema);
      if (settings.json) printJson({ schema: store.schema.name, uninstalled: true });
      say(`Dropped the schema "${store.schema.name}".`);
    },
    { isAnnounced: true },
  );
}

async function confirm(consequence: string, word: string): Promise<void> {
  // Without a terminal no answer to a question would ever come.
  if (process.stdin.isTTY !== true) {
    throw new UsageError(`${consequence} Nothing was done.`, {
      remedy: "Without a terminal, confirm with --yes.",
    });
  }
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await prompt.question(`${consequence} Type "${word}" to go on: `);
  prompt.close();
  if (answer.trim() !== word) throw new UsageError("Not confirmed; nothing was done.");
}
