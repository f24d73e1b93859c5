import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./markdown.ts";
import { sqlChecksPages } from "./sql-checks-page.ts";

for (const [path, text] of sqlChecksPages()) writeFileSync(join(root, path), text);
