import type { CommandModule } from "yargs";
import type { Command } from "./options/define-command.ts";

/** A command as the help lists it, and where it is. */
interface Listed {
  readonly usage: string;
  readonly describe: string;
  readonly load: () => Promise<Command>;
}

/** All commands in the order of the help. Each is loaded only when it is typed: loading takes longer than most of them do. */
const commands: Readonly<Record<string, Listed>> = {
  demo: {
    usage: "demo",
    describe: "see it work: a database of its own, a job killed and resumed before your eyes",
    load: async () => (await import("./commands/demo.ts")).demoCommand,
  },
  init: {
    usage: "init [folder]",
    describe: "a project, with examples that run at once; files that are there stay as they are",
    load: async () => (await import("./commands/init.ts")).initCommand,
  },
  new: {
    usage: "new [job]",
    describe: "write a job from the catalogue: the table's description, the job, and its test",
    load: async () => (await import("./commands/new.ts")).newCommand,
  },
  list: {
    usage: "list",
    describe: "the jobs of the folder, and the last run of each",
    load: async () => (await import("./commands/list.ts")).listCommand,
  },
  plan: {
    usage: "plan <job>",
    describe: "what a run would do: a summary, what it touches and costs, the checklist; writes nothing",
    load: async () => (await import("./commands/plan.ts")).planCommand,
  },
  run: {
    usage: "run <job>",
    describe: "run a job; installs tidefill's schema when it is missing",
    load: async () => (await import("./commands/run.ts")).runCommand,
  },
  up: {
    usage: "up",
    describe: "all jobs that are pending, in their order",
    load: async () => (await import("./commands/up.ts")).upCommand,
  },
  resume: {
    usage: "resume <run>",
    describe: "go on with an unfinished run, or join it while others work on it",
    load: async () => (await import("./commands/resume.ts")).resumeCommand,
  },
  pause: {
    usage: "pause <run>",
    describe: "let the workers end their batches and stop; `resume` goes on",
    load: async () => (await import("./commands/pause.ts")).pauseCommand,
  },
  cancel: {
    usage: "cancel <run>",
    describe: "end a run for good; what is committed stays",
    load: async () => (await import("./commands/pause.ts")).cancelCommand,
  },
  set: {
    usage: "set <run> <setting..>",
    describe:
      "change the pace of a run while it works: workers=2 batch-time=100ms rows-per-second=5000 window=… replica=… ignore=…",
    load: async () => (await import("./commands/set.ts")).setCommand,
  },
  status: {
    usage: "status [run]",
    describe: "how runs are doing; all jobs when none is named",
    load: async () => (await import("./commands/status.ts")).statusCommand,
  },
  rejects: {
    usage: "rejects <run>",
    describe: "the rows that a run rejected: key and reason, never the row",
    load: async () => (await import("./commands/rejects.ts")).rejectsCommand,
  },
  verify: {
    usage: "verify <run>",
    describe: "compare what should be there with what is, by another way than the run's own; writes nothing",
    load: async () => (await import("./commands/verify.ts")).verifyCommand,
  },
  contract: {
    usage: "contract <job>",
    describe: "the contract steps of a job, also those that take something away",
    load: async () => (await import("./commands/contract.ts")).contractCommand,
  },
  check: {
    usage: "check",
    describe: "whether all jobs are done and nothing is left lying; 3 when something is",
    load: async () => (await import("./commands/check.ts")).checkCommand,
  },
  undo: {
    usage: "undo [run]",
    describe: "undo a run: old values return where nobody has changed the row since",
    load: async () => (await import("./commands/undo.ts")).undoCommand,
  },
  audit: {
    usage: "audit",
    describe: "who did what and when, and whether the trail is whole",
    load: async () => (await import("./commands/audit.ts")).auditCommand,
  },
  backup: {
    // Not `<job>`: yargs would want one of the command below, too.
    usage: "backup [job]",
    describe:
      "export what a job may destroy, read it back and compare; `backup restore <dir>` brings it back",
    load: async () => (await import("./commands/backup.ts")).backupCommand,
  },
  purge: {
    usage: "purge",
    describe: "drop undo logs, rejects and runs that are older than their retention",
    load: async () => (await import("./commands/purge.ts")).purgeCommand,
  },
  erase: {
    usage: "erase",
    describe: "remove the values of one person's row from all that tidefill keeps, for good",
    load: async () => (await import("./commands/erase.ts")).eraseCommand,
  },
  schema: {
    usage: "schema <action>",
    describe: "the schema in which tidefill keeps its runs",
    load: async () => (await import("./commands/schema.ts")).schemaCommand,
  },
  completion: {
    usage: "completion [shell]",
    describe: "print a script by which bash or zsh complete commands, options and jobs",
    load: async () => (await import("./commands/completion.ts")).completionCommand,
  },
};

/** The command that a line begins with, or all where it begins with something else: the help lists them. */
export async function commandsFor(words: readonly string[]): Promise<readonly CommandModule[]> {
  // A shell that completes hands over the whole line, the program's name and the unfinished word included.
  const typed = words[0] === "--get-yargs-completions" ? words.slice(2, -1) : words;
  const first = commands[typed[0] ?? ""];
  if (first !== undefined) return [await whole(first)];
  return Promise.all(
    Object.entries(commands).map(([name, each]) => (typed.includes(name) ? whole(each) : listed(each))),
  );
}

async function whole({ usage, describe, load }: Listed): Promise<CommandModule> {
  return { command: usage, describe, ...(await load()) };
}

function listed({ usage, describe }: Listed): CommandModule {
  return { command: usage, describe, handler: () => {} };
}
