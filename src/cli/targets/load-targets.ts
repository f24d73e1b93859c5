import { existsSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { UsageError } from "../../errors.ts";
import { isTargets, type Targets } from "../../fleet/targets/define-targets.ts";
import { importFile } from "../jobs/load-job.ts";

const names = ["tidefill.targets.ts", "tidefill.targets.mts", "tidefill.targets.js", "tidefill.targets.mjs"];

/** The targets that are named beside the folder of the jobs; null where there is no such file. @throws UsageError */
export async function loadTargets(jobsFolder: string): Promise<Targets | null> {
  const folder = dirname(resolve(jobsFolder));
  const path = names.map((name) => resolve(folder, name)).find((each) => existsSync(each));
  if (path === undefined) return null;
  const exported = await importFile(path);
  const found = exported.default ?? exported;
  if (isTargets(found)) return found;
  throw new UsageError(`${relative(".", path)} has no default export made by defineTargets.`, {
    remedy: "Write: export default defineTargets({ … });",
  });
}
