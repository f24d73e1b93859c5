/** @module-tag quick */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, test } from "vitest";
import { Page, pages, root } from "./markdown.ts";

test.each(pages)("every link of %s leads somewhere", (path) => {
  const page = new Page(path);
  const links = [...page.prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link);
  const broken = links.filter((link) => !/^https?:/.test(link)).filter((link) => !leadsSomewhere(path, link));
  expect(broken).toEqual([]);
});

test("every alert's runbook is a section of a page", () => {
  const rules = readFileSync(join(root, "grafana/alerts/tidefill.rules.yml"), "utf8");
  const runbooks = [...rules.matchAll(/runbook: (\S+)/g)].map(([, link = ""]) => link);
  expect(runbooks.length).toBeGreaterThan(5);
  expect(runbooks.filter((link) => !leadsSomewhere("README.md", link))).toEqual([]);
});

test("every page is reached from the README", () => {
  const reached = new Set<string>(["README.md"]);
  for (const path of reached) {
    const links = [...new Page(path).prose.matchAll(/\]\(([^)\s#]+)[^)]*\)/g)].map(([, link = ""]) =>
      relative(root, join(root, dirname(path), link)),
    );
    for (const link of links) if (pages.includes(link)) reached.add(link);
  }
  expect([...reached].sort()).toEqual([...pages].sort());
});

function leadsSomewhere(from: string, link: string): boolean {
  const [file = "", anchor] = link.split("#");
  const target = file === "" ? from : relative(root, join(root, dirname(from), file));
  if (!existsSync(join(root, target))) return false;
  return anchor === undefined || new Page(target).anchors.has(anchor);
}
