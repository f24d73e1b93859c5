import { createHash } from "node:crypto";

export const roleKinds = ["owner", "runner", "operator", "viewer"] as const;
export type RoleKind = (typeof roleKinds)[number];

const longestName = 63;
const longestEnding = "_operator".length;

/**
 * The roles of a schema. PostgreSQL cuts names to 63 bytes, so long schema names could give several roles the
 * same name: a long schema name is shortened to its beginning and its hash.
 */
export function roleNames(schema: string): Readonly<Record<RoleKind, string>> {
  const base = shortened(schema, longestName - longestEnding);
  return {
    owner: `${base}_owner`,
    runner: `${base}_runner`,
    operator: `${base}_operator`,
    viewer: `${base}_viewer`,
  };
}

function shortened(name: string, bytes: number): string {
  if (Buffer.byteLength(name) <= bytes) return name;
  const ending = `_${createHash("sha256").update(name).digest("hex").slice(0, 8)}`;
  let kept = "";
  for (const character of name) {
    if (Buffer.byteLength(kept + character + ending) > bytes) break;
    kept += character;
  }
  return kept + ending;
}
