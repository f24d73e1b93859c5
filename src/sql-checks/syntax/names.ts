import type { Node, RangeVar } from "./parse-sql.ts";

/** A table's name as the text writes it, without quotes. */
export function nameOf(table: RangeVar | undefined): string | null {
  if (table?.relname === undefined) return null;
  return table.schemaname === undefined ? table.relname : `${table.schemaname}.${table.relname}`;
}

/** The words of a name that the parser keeps as a list: `app.users` is `["app", "users"]`. */
export function wordsOf(name: readonly Node[] | undefined): readonly string[] {
  return (name ?? []).flatMap((word) => {
    if ("List" in word) return wordsOf(word.List.items);
    return "String" in word ? [word.String.sval ?? ""] : [];
  });
}

/** The words of a name with dots between them; null if there are none. */
export function dotted(name: readonly Node[] | undefined): string | null {
  const words = wordsOf(name);
  return words.length === 0 ? null : words.join(".");
}

/** The name of one object of a `drop`. */
export function nameOfDropped(object: Node): string | null {
  if ("TypeName" in object) return dotted(object.TypeName.names);
  return dotted("ObjectWithArgs" in object ? object.ObjectWithArgs.objname : [object]);
}
