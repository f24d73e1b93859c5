import { UsageError } from "../../errors.ts";

/** Custom settings by name, as `current_setting` reads them: `{ "app.user_id": "0" }`. */
export type SessionSettings = Readonly<Record<string, string>>;

const customName = /^[a-z_][\w$]*(\.[a-z_][\w$]*)+$/i;

/** The settings of a job, checked and frozen. @throws UsageError */
export function checkSession(job: string, given: SessionSettings): SessionSettings {
  for (const [name, value] of Object.entries(given)) {
    if (!customName.test(name)) {
      throw new UsageError(`session of job ${job} sets ${name}, which is not a custom setting.`, {
        remedy: `A custom setting has a dot in its name, such as "app.user_id". Set PostgreSQL's own settings for the role: alter role … set ${name} to …;`,
      });
    }
    if (typeof value !== "string" || value.includes("\0")) {
      throw new UsageError(`The value of ${name} in session of job ${job} is not a text.`, {
        remedy: 'Write it as a string: session: { "app.user_id": "0" }.',
      });
    }
  }
  return Object.freeze({ ...given });
}
