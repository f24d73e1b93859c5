import type { ForecastTable } from "./forecast-table.ts";

/** A way to make a run cheaper. */
export interface Advice {
  /** what to do, as an instruction: `drop index essay_words first` */
  readonly action: string;
  readonly why: string;
  /** the size of what slows the run down; null where nothing does */
  readonly bytes: number | null;
}

/** What would make writing to a table cheaper. */
export function adviceFor(table: ForecastTable): Advice[] {
  return [...indexAdvice(table), ...roomAdvice(table), ...identityAdvice(table)];
}

function indexAdvice({ facts, verb, changed, canBeHot }: ForecastTable): Advice[] {
  if (verb === "delete" || (verb === "update" && canBeHot)) return [];
  const inTheWay = facts.indexes.filter(
    ({ columns }) => verb === "insert" || columns.some((column) => changed.includes(column)),
  );
  const droppable = inTheWay.filter(({ constraint, isUnique }) => constraint === null && !isUnique);
  const why =
    verb === "insert"
      ? "each inserted row adds an entry to it"
      : droppable.length === inTheWay.length
        ? `without ${droppable.length === 1 ? "it" : `these ${droppable.length}`} updates can be HOT, which leave all indexes alone`
        : "each update adds an entry to it";
  return droppable.map(({ name, method, bytes }) => ({
    action: `drop the index ${name} (${method}) first, and create it again afterwards, both concurrently`,
    why,
    bytes,
  }));
}

function roomAdvice({ facts, verb, canBeHot }: ForecastTable): Advice[] {
  if (verb !== "update" || !canBeHot || facts.fillFactor < 100) return [];
  const action = `give ${facts.name} a fillfactor of 90 early`;
  return [{ action, why: "pages written from then on keep room for HOT updates", bytes: null }];
}

function identityAdvice({ facts, verb }: ForecastTable): Advice[] {
  if (verb === "insert" || !facts.hasFullIdentity) return [];
  const action = `give ${facts.name} another replica identity than full`;
  return [{ action, why: "each old row goes into the WAL as a whole", bytes: null }];
}
