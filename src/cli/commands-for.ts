import type { CommandModule } from "yargs";
import type { Command } from "./options/define-command.ts";

/** A command as the help lists it, and how to load it. */
interface Listed {
  readonly usage: string;
  /** false for a command that is not typed by a person */
  readonly describe: string | false;
  readonly load: () => Promise<Command>;
}

/**
 * All commands in the order of the help. Each loads only when typed: loading takes longer than most commands.
 */
const commands: Readonly<Record<string, Listed>> = {
  demo: {
    usage: "demo",
    describe: "watch a job being killed and resumed, on a temporary database",
    load: async () => (await import("./commands/demo.ts")).demoCommand,
  },
  init: {
    usage: "init [folder]",
    describe: "create a project, with examples that run at once; existing files are kept",
    load: async () => (await import("./commands/init.ts")).initCommand,
  },
  new: {
    usage: "new [job]",
    describe: "write a job from the database's catalog: the table's description, the job and its test",
    load: async () => (await import("./commands/new.ts")).newCommand,
  },
  list: {
    usage: "list",
    describe: "list the jobs of the folder, and the last run of each",
    load: async () => (await import("./commands/list.ts")).listCommand,
  },
  plan: {
    usage: "plan <job>",
    describe: "show what a run would do: a summary, what it touches and costs, the checklist; writes nothing",
    load: async () => (await import("./commands/plan.ts")).planCommand,
  },
  run: {
    usage: "run <job>",
    describe: "run a job; installs tidefill's schema when it is missing",
    load: async () => (await import("./commands/run.ts")).runCommand,
  },
  up: {
    usage: "up",
    describe: "run or resume all pending jobs, in their order",
    load: async () => (await import("./commands/up.ts")).upCommand,
  },
  resume: {
    usage: "resume <run>",
    describe: "go on with an unfinished run, or join one that other processes work on",
    load: async () => (await import("./commands/resume.ts")).resumeCommand,
  },
  join: {
    usage: "join <run>",
    describe: false,
    load: async () => (await import("./commands/join.ts")).joinCommand,
  },
  pause: {
    usage: "pause <run>",
    describe: "let the workers finish their batches and stop; `resume` goes on",
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
      "change the pace of a run while it works: workers=2 batch-time=100ms rows-per-second=5000 window=… replica=… ignore=… at-once=… calls-per-second=…",
    load: async () => (await import("./commands/set.ts")).setCommand,
  },
  serve: {
    usage: "serve",
    describe: "open a page to watch and steer runs in a browser",
    load: async () => (await import("./commands/serve.ts")).serveCommand,
  },
  status: {
    usage: "status [run]",
    describe: "show one run, or the last run of each job",
    load: async () => (await import("./commands/status.ts")).statusCommand,
  },
  rejects: {
    usage: "rejects <run>",
    describe: "list the rows that a run rejected: key and reason, never the row",
    load: async () => (await import("./commands/rejects.ts")).rejectsCommand,
  },
  verify: {
    usage: "verify <run>",
    describe: "compare the rows with what they should be, by another way than the run's own; writes nothing",
    load: async () => (await import("./commands/verify.ts")).verifyCommand,
  },
  contract: {
    usage: "contract <job>",
    describe: "run the contract steps of a job, including the destructive ones",
    load: async () => (await import("./commands/contract.ts")).contractCommand,
  },
  check: {
    usage: "check",
    describe: "check that all jobs are done and nothing needs attention; exit code 3 otherwise",
    load: async () => (await import("./commands/check.ts")).checkCommand,
  },
  undo: {
    usage: "undo [run]",
    describe: "undo a run: old values return, except in rows that were changed since",
    load: async () => (await import("./commands/undo.ts")).undoCommand,
  },
  enqueue: {
    usage: "enqueue <job>",
    describe: "hand a job to the fleet: for one target or many, at once, later, or in waves",
    load: async () => (await import("./commands/enqueue.ts")).enqueueCommand,
  },
  work: {
    usage: "work",
    describe: "be a worker of the fleet: take what was enqueued and do it",
    load: async () => (await import("./commands/work.ts")).workCommand,
  },
  queue: {
    usage: "queue [action] [id]",
    describe: "show what waits, what runs and where, and dead letters; retry or drop those",
    load: async () => (await import("./commands/queue.ts")).queueCommand,
  },
  schedule: {
    usage: "schedule <action> [name] [times] [what..]",
    describe: "enqueue at times of a clock: up, run <job> or purge",
    load: async () => (await import("./commands/schedule.ts")).scheduleCommand,
  },
  audit: {
    usage: "audit",
    describe: "show who did what and when; with --check: whether the trail is intact",
    load: async () => (await import("./commands/audit.ts")).auditCommand,
  },
  backup: {
    // Not `<job>`: yargs would then require one for `backup restore`, too.
    usage: "backup [job]",
    describe: "export what a job may destroy, read it back and compare; `backup restore <dir>` restores it",
    load: async () => (await import("./commands/backup.ts")).backupCommand,
  },
  purge: {
    usage: "purge",
    describe: "drop undo logs, rejects and runs that are older than their retention",
    load: async () => (await import("./commands/purge.ts")).purgeCommand,
  },
  erase: {
    usage: "erase",
    describe: "remove the values of one person's row from everything that tidefill keeps, for good",
    load: async () => (await import("./commands/erase.ts")).eraseCommand,
  },
  schema: {
    usage: "schema <action>",
    describe: "install, print or uninstall the schema of tidefill's own tables",
    load: async () => (await import("./commands/schema.ts")).schemaCommand,
  },
  completion: {
    usage: "completion [shell]",
    describe: "print a script that completes commands, options and jobs in bash or zsh",
    load: async () => (await import("./commands/completion.ts")).completionCommand,
  },
};

/** The command that a line begins with; otherwise all commands, for the help to list. */
export async function commandsFor(words: readonly string[]): Promise<readonly CommandModule[]> {
  // For completion a shell passes the whole line, including the program's name and the unfinished word.
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
