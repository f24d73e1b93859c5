import { alignColumns } from "../../describe/align-columns.ts";
import { auditCells, auditHeading } from "../../describe/describe-audit.ts";
import { exitCodes } from "../../engine/report/exit-code.ts";
import { TidefillError, UsageError } from "../../errors.ts";
import type { AuditLine } from "../../store/audit/audit.ts";
import type { Session } from "../../store/session.ts";
import { defineCommand } from "../options/define-command.ts";
import { commonOptions, commonSettings } from "../options/settings.ts";
import { withStore } from "../options/with-store.ts";
import { printData, printJson, say, sayError } from "../terminal/output.ts";

/** `tidefill audit [--run n] [--check [--contains hash]]` */
export const auditCommand = defineCommand({
  builder: (yargs) =>
    commonOptions(yargs)
      .option("run", {
        type: "string",
        requiresArg: true,
        describe: "only the lines about the run of this number",
      })
      .option("limit", {
        type: "number",
        default: 100,
        describe: "show at most this many lines, the newest ones",
      })
      .option("check", {
        type: "boolean",
        default: false,
        describe: "look for lines that were altered, removed or added, and for runs without a line",
      })
      .option("contains", {
        type: "string",
        requiresArg: true,
        describe: "with --check: the trail must still contain this hash, which you kept elsewhere",
      }),
  handler: async (given) => {
    const { json, ...settings } = commonSettings(given);
    const run = runNumber(given.run);
    if (!Number.isInteger(given.limit) || given.limit < 1)
      throw new UsageError("--limit wants a whole number from 1.");
    if (given.check && run !== undefined)
      throw new UsageError("--check looks at the whole audit trail and takes no --run.");
    const kept = keptHash(given);
    await withStore({ ...settings, json }, (session) =>
      given.check ? check(session, kept, json) : list(session, { run, limit: given.limit, json }),
    );
  },
});

// Only a number, which is not looked up: the audit lines of a run stay readable after the run was purged.
function runNumber(text: string | undefined): bigint | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,18}$/.test(text)) return BigInt(text);
  throw new UsageError(`--run wants the number of a run, not "${text}".`, {
    remedy: "`tidefill list` shows the number of each job's last run.",
  });
}

function keptHash({
  check: checks,
  contains,
}: {
  readonly check: boolean;
  readonly contains: string | undefined;
}) {
  if (contains === undefined) return undefined;
  if (!checks)
    throw new UsageError("--contains belongs to --check.", {
      remedy: "tidefill audit --check --contains <hash>",
    });
  if (/^[0-9a-f]{64}$/i.test(contains)) return contains;
  throw new UsageError(
    "--contains wants a hash of 64 hexadecimal digits, as `tidefill audit --check` prints it.",
  );
}

async function list(
  { db, store }: Session,
  wanted: { readonly run: bigint | undefined; readonly limit: number; readonly json: boolean },
): Promise<void> {
  const total = await store.audit.count(db, wanted.run);
  const lines = await store.audit.list(db, wanted);
  if (wanted.json) return printJson({ total, lines: lines.map(toJson) });
  if (lines.length === 0)
    return printData(
      wanted.run === undefined
        ? "The audit trail is empty."
        : `The audit trail has no line about run ${wanted.run}.`,
    );
  printData(alignColumns([auditHeading, ...lines.map(auditCells)]));
  if (total > lines.length) say(`${total - lines.length} older lines: --limit ${total}`);
}

async function check({ db, store }: Session, kept: string | undefined, json: boolean): Promise<void> {
  const found = await store.audit.check(db, kept);
  if (json) printJson(found);
  if (found.isIntact) {
    if (json) return;
    printData(`The audit trail is intact: ${found.lines} lines. Hash of the last: ${found.head || "–"}`);
    if (found.contains !== null) printData(`The hash of --contains is that of line ${found.contains}.`);
    return;
  }
  process.exitCode = exitCodes.failed;
  sayError(
    new TidefillError("audit-broken", `The audit trail is broken. ${found.reason}`, {
      remedy: `A program other than tidefill wrote to ${store.schema.name}.audit or ${store.schema.name}.run. Compare them with a backup, and check which roles may write to them.`,
    }),
  );
}

function toJson({ number, run, ...line }: AuditLine): unknown {
  return { number: Number(number), ...line, run: run === null ? null : Number(run) };
}
