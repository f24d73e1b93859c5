import type { Node } from "./parse-sql.ts";

type KindOf<N> = N extends N ? keyof N : never;
/** The name of a kind of node, such as `FuncCall`. */
export type Kind = KindOf<Node>;
export type NodeOf<K extends Kind> =
  Extract<Node, Readonly<Record<K, unknown>>> extends Record<K, infer V> ? V : never;

/** Every node of a kind in a statement, itself included; without recursion, so depth is no problem. */
export function nodesOf<K extends Kind>(kind: K, root: unknown): readonly NodeOf<K>[] {
  const found: NodeOf<K>[] = [];
  visit(root, (key, value) => {
    if (key === kind) found.push(value as NodeOf<K>);
    return true;
  });
  return found;
}

/** Calls `see` for each object under a key, in order; goes no deeper where it answers false. */
export function visit(root: unknown, see: (key: string, value: object) => boolean): void {
  const left: unknown[] = [root];
  while (left.length > 0) {
    const value = left.pop();
    if (typeof value !== "object" || value === null) continue;
    const below = Object.entries(value).filter(
      ([key, each]) => typeof each === "object" && each !== null && see(key, each),
    );
    for (const [, each] of below.reverse()) left.push(each);
  }
}
