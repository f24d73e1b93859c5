import type { AuditLine } from "../store/audit/audit.ts";

/** What a table of the audit trail says of each line, in `auditCells`' order. */
export const auditHeading = ["LINE", "AT", "WHO", "ACTION", "JOB", "RUN", "DETAILS"] as const;

/** One line of the audit trail as a row of a table. */
export function auditCells(line: AuditLine): readonly string[] {
  return [
    String(line.number),
    line.at.replace(/\.\d+Z$/, "Z"),
    `${line.role} / ${line.osUser}@${line.host}`,
    line.action,
    line.job ?? "–",
    line.run === null ? "–" : String(line.run),
    shortened(line.details),
  ];
}

function shortened(details: AuditLine["details"]): string {
  const facts = Object.entries(withoutHashes(details) ?? {}).map(
    ([name, value]) => `${name}=${cut(plain(value), 40)}`,
  );
  return cut(facts.join(" "), 120);
}

/**
 * The details without hashes, and without objects that hold nothing else: only programs need those, by
 * --json.
 */
function withoutHashes(value: unknown): object | null {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  const kept = Object.entries(value).flatMap(([name, each]) => {
    if (typeof each === "string" && /^[0-9a-f]{64}$/.test(each)) return [];
    if (typeof each !== "object" || each === null || Array.isArray(each)) return [[name, each] as const];
    const inner = withoutHashes(each);
    return inner === null ? [] : [[name, inner] as const];
  });
  return kept.length === 0 ? null : Object.fromEntries(kept);
}

// Anything but a plain word is shown as JSON, so that no text can break the line or control the terminal.
function plain(value: unknown): string {
  return typeof value === "string" && /^[\w.:/-]+$/.test(value) ? value : JSON.stringify(value);
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}
