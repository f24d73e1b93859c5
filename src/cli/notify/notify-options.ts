import type { Argv } from "yargs";
import { type NotifyFormat, notifyFormats } from "../../notify/notice-body.ts";
import { Receiver } from "../../notify/receiver.ts";

/** Options of the commands that can tell another system what happens. */
export function notifyOptions<T>(yargs: Argv<T>) {
  return yargs
    .option("notify", {
      type: "string",
      requiresArg: true,
      describe:
        "POST to this webhook when a run succeeds, fails, stalls, ends a stage or has rejects (else TIDEFILL_NOTIFY_URL)",
    })
    .option("notify-format", {
      choices: notifyFormats,
      describe: "how the webhook reads it (slack for hooks.slack.com, else json)",
    });
}

/** What these options say. */
export interface NotifySettings {
  readonly notify?: string | undefined;
  readonly notifyFormat?: NotifyFormat | undefined;
}

/** Who is told; null where the command does not say it. @throws UsageError */
export function receiverOf({ notify, notifyFormat }: NotifySettings): Receiver | null {
  const { TIDEFILL_NOTIFY_URL: fromEnvironment, TIDEFILL_NOTIFY_SECRET: secret } = process.env;
  const url = notify ?? (fromEnvironment || undefined);
  return url === undefined ? null : new Receiver(url, notifyFormat, secret || null);
}
