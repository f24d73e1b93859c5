import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { UsageError } from "../../errors.ts";
import { parseTableName } from "../../job/columns/table.ts";
import { requireTellingName, suggestJobName } from "../../job/definition/job-name.ts";
import {
  type AddedColumn,
  parseAddedColumn,
  readAddedColumn,
  withAdded,
} from "../../scaffold/added-column.ts";
import { type JobKind, jobKinds, tellingName, writeJob } from "../../scaffold/kinds/write-job.ts";
import { readTableFacts, type TableFacts } from "../../scaffold/table-facts.ts";
import { TablesFile } from "../../scaffold/tables-file.ts";
import { fileNames } from "../jobs/job-files.ts";
import { importFile } from "../jobs/load-job.ts";
import { type Written, writeJobFiles } from "../jobs/write-job-files.ts";
import { defineCommand } from "../options/define-command.ts";
import { type CommonSettings, commonOptions, commonSettings } from "../options/settings.ts";
import { withStore } from "../options/with-store.ts";
import { emphasise, printJson, say } from "../terminal/output.ts";
import { printKysely } from "../work/print-kysely.ts";

/** `tidefill new <job> --table <t>`, `tidefill new --kysely` */
export const newCommand = defineCommand({
  builder: (yargs) =>
    commonOptions(yargs)
      .positional("job", { type: "string", describe: "the name of the new job" })
      .option("table", {
        type: "string",
        array: true,
        default: [],
        requiresArg: true,
        describe: "the table that the job works on: orders, shop.orders, '\"Odd Name\".t'",
      })
      .option("kind", {
        choices: jobKinds,
        describe: "what the job does to the rows (fill when not given; move with --into)",
      })
      .option("into", {
        type: "string",
        requiresArg: true,
        describe: "the table into which a move or a copy brings the rows",
      })
      .option("add", {
        type: "string",
        array: true,
        default: [],
        requiresArg: true,
        describe: "a column that the job adds and fills, with its type: amount_cents:integer",
      })
      .option("column", {
        type: "string",
        array: true,
        default: [],
        requiresArg: true,
        describe: "a column to fill or to anonymise (guessed from types and names when not given)",
      })
      .option("kysely", {
        type: "boolean",
        default: false,
        describe: "print a Database interface for Kysely instead, for these tables or for all in tables.ts",
      }),
  handler: async (given) => {
    const settings = commonSettings(given);
    if (given.kysely) return printKysely(settings, given.table, await openTables(settings.jobs));
    const { name, kind, table } = requireGiven(given);
    requireFree(settings.jobs, name);
    const tables = await openTables(settings.jobs);
    const { facts, into, added } = await readFacts(settings, table, given);
    const written = writeJob({ name, kind, columns: given.column, added }, tables, facts, into);
    const report = await writeJobFiles(settings.jobs, name, tables, written);
    const isOpen = /\btodo\(|An example:|sql`false`|such as:/.test(written.job);
    if (settings.json) printJson({ job: name, kind, table: facts.name, ...report });
    sayWritten(settings, name, report, isOpen);
  },
});

interface Given extends CommonSettings {
  readonly job: string | undefined;
  readonly table: readonly string[];
  readonly kind: JobKind | undefined;
  readonly into: string | undefined;
  readonly add: readonly string[];
  readonly column: readonly string[];
  readonly kysely: boolean;
}

function requireGiven({ job, table: tables, kind: asked, into, add, column }: Given) {
  const kind = asked ?? (into === undefined ? "fill" : "move");
  const [table] = tables;
  if (job === undefined || table === undefined || tables.length > 1)
    throw new UsageError(job === undefined ? "Name the job." : "A job is written from one table.", {
      remedy: `Write tidefill new ${job ?? "<job>"} --table ${table ?? "<table>"}.`,
    });
  const wantsTarget = kind === "move" || kind === "copy";
  if (wantsTarget !== (into !== undefined))
    throw new UsageError(
      into === undefined
        ? `A ${kind} needs the table that the rows go to.`
        : `--into belongs to a move or a copy, not to ${kind}.`,
      { remedy: into === undefined ? "Add --into <table>." : "Leave it out, or write --kind move." },
    );
  if (column.length > 0 && kind !== "fill" && kind !== "anonymise")
    throw new UsageError(`--column belongs to fill and anonymise, not to ${kind}.`, {
      remedy: "Leave it out.",
    });
  if (add.length > 0 && kind !== "fill")
    throw new UsageError(`--add belongs to fill, not to ${kind}.`, {
      remedy: "Leave it out, or write --kind fill.",
    });
  const columns = [...column, ...add.map((each) => parseAddedColumn(each).name)];
  const telling = suggestJobName(tellingName({ kind, columns }, parseTableName(table).name));
  requireTellingName(job, telling ?? `${kind}-rows-of-a-table`);
  return { name: job, kind, table };
}

function requireFree(folder: string, name: string): void {
  const taken = fileNames(name).find((file) => existsSync(join(folder, file)));
  if (taken === undefined) return;
  throw new UsageError(`${join(folder, taken)} already exists, and was not changed.`, {
    remedy: "Give the new job another name.",
  });
}

async function openTables(folder: string): Promise<TablesFile> {
  const path = join(folder, "tables.ts");
  if (!existsSync(path)) return new TablesFile(path, "", {});
  return new TablesFile(path, await readFile(path, "utf8"), await importFile(resolve(path)));
}

async function readFacts(
  settings: CommonSettings,
  table: string,
  { into, add }: Given,
): Promise<{
  readonly facts: TableFacts;
  readonly into: TableFacts | null;
  readonly added: readonly AddedColumn[];
}> {
  return withStore(
    settings,
    async ({ db }) => {
      const facts = await readTableFacts(db, parseTableName(table));
      const added: AddedColumn[] = [];
      for (const each of add)
        added.push(await readAddedColumn(db, withAdded(facts, added), parseAddedColumn(each)));
      return {
        facts,
        into: into === undefined ? null : await readTableFacts(db, parseTableName(into)),
        added,
      };
    },
    { needsSchema: false },
  );
}

function sayWritten(
  { jobs }: CommonSettings,
  name: string,
  { written, extended, kept }: Written,
  isOpen: boolean,
): void {
  for (const path of written) say(`${emphasise("green", "written")}   ${path}`);
  for (const path of extended) say(`${emphasise("green", "extended")}  ${path}`);
  for (const path of kept) say(`${emphasise("yellow", "kept")}      ${path}, which existed`);
  const path = join(jobs, `${name}.ts`);
  const first = isOpen ? `Write in ${path} what the job does` : `Read ${path}`;
  say(`${emphasise("cyan", "→")} ${first}, then: tidefill plan ${name}`);
}
