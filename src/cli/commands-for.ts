import type { CommandModule } from "yargs";

/** All commands in the order of the help. Each is loaded only when it is wanted: loading all takes longer than most of them do. */
const commands: Readonly<Record<string, () => Promise<CommandModule>>> = {
  demo: async () => (await import("./commands/demo.ts")).demoCommand,
  init: async () => (await import("./commands/init.ts")).initCommand,
  new: async () => (await import("./commands/new.ts")).newCommand,
  list: async () => (await import("./commands/list.ts")).listCommand,
  plan: async () => (await import("./commands/plan.ts")).planCommand,
  run: async () => (await import("./commands/run.ts")).runCommand,
  up: async () => (await import("./commands/up.ts")).upCommand,
  resume: async () => (await import("./commands/resume.ts")).resumeCommand,
  pause: async () => (await import("./commands/pause.ts")).pauseCommand,
  cancel: async () => (await import("./commands/pause.ts")).cancelCommand,
  set: async () => (await import("./commands/set.ts")).setCommand,
  status: async () => (await import("./commands/status.ts")).statusCommand,
  rejects: async () => (await import("./commands/rejects.ts")).rejectsCommand,
  verify: async () => (await import("./commands/verify.ts")).verifyCommand,
  contract: async () => (await import("./commands/contract.ts")).contractCommand,
  check: async () => (await import("./commands/check.ts")).checkCommand,
  undo: async () => (await import("./commands/undo.ts")).undoCommand,
  audit: async () => (await import("./commands/audit.ts")).auditCommand,
  backup: async () => (await import("./commands/backup.ts")).backupCommand,
  purge: async () => (await import("./commands/purge.ts")).purgeCommand,
  erase: async () => (await import("./commands/erase.ts")).eraseCommand,
  schema: async () => (await import("./commands/schema.ts")).schemaCommand,
  completion: async () => (await import("./commands/completion.ts")).completionCommand,
};

/** The command that a line begins with, or all where it begins with something else: the help lists them. */
export async function commandsFor(words: readonly string[]): Promise<readonly CommandModule[]> {
  // A shell that completes hands over the whole line, the program's name and the unfinished word included.
  const [first] = words[0] === "--get-yargs-completions" ? words.slice(2, -1) : words;
  const named = Object.entries(commands).filter(([name]) => name === first);
  const wanted = named.length > 0 ? named : Object.entries(commands);
  return Promise.all(wanted.map(([, load]) => load()));
}
