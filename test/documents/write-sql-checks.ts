import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./markdown.ts";
import { sqlChecksPage } from "./sql-checks-page.ts";

writeFileSync(join(root, "docs/sql-checks.md"), sqlChecksPage());
