/** Words that cannot name a variable of a module. */
const reserved = `arguments await break case catch class const continue debugger default delete do else enum eval export extends
  false finally for function if implements import in instanceof interface let new null package private protected public return
  static super switch this throw true try typeof undefined var void while with yield NaN Infinity`;

/** Names that the written files use themselves: a table of such a name would hide them, or be hidden. */
const spoken = `addColumn anonymous assert defineJob defineSqlJob deleteFrom insertInto job move query reject row rows rowsOf schema skip
  sql table test todo update Array BigInt Error Number Object String expectSameAfterKills runJobInTest withDatabase`;

const unfit: ReadonlySet<string> = new Set(`${reserved} ${spoken}`.split(/\s+/));

/** The name of a table's description in TypeScript, which no other export has yet. */
export function identifierFor(
  table: { readonly schema: string; readonly name: string },
  isTaken: (identifier: string) => boolean,
): string {
  const plain = camelCase(table.name);
  const withSchema = camelCase(`${table.schema} ${table.name}`);
  const wanted = unfit.has(plain) ? `${plain}Table` : plain;
  const free = [wanted, withSchema].find((each) => !isTaken(each) && !unfit.has(each));
  if (free !== undefined) return free;
  for (let number = 2; ; number += 1) {
    const numbered = `${wanted}${number}`;
    if (!isTaken(numbered)) return numbered;
  }
}

function camelCase(name: string): string {
  const words = name.match(/[\p{L}\p{N}]+/gu) ?? [];
  const joined = words
    .map((word) => (/^\p{Lu}+$/u.test(word) ? word.toLowerCase() : word))
    .map((word, index) => changeFirst(word, index === 0))
    .join("");
  if (joined === "") return "unnamed";
  return /^\p{ID_Start}/u.test(joined) ? joined : `table${joined}`;
}

function changeFirst(word: string, toLower: boolean): string {
  const [first = "", ...rest] = word;
  return `${toLower ? first.toLowerCase() : first.toUpperCase()}${rest.join("")}`;
}
