/**
 * One word for what became of the rows that a run counts as written: an operator expects to read "deleted".
 */
export function rowWord({
  kind,
  writes,
}: {
  readonly kind: string;
  readonly writes: keyof typeof done | null;
}): string {
  return (kind === "undo" ? takenBack : done)[writes ?? "update"];
}

const done = {
  update: "written",
  upsert: "written",
  insert: "inserted",
  delete: "deleted",
  move: "moved",
} as const;

const takenBack = {
  update: "restored",
  upsert: "restored",
  insert: "removed",
  delete: "restored",
  move: "moved back",
} as const;
