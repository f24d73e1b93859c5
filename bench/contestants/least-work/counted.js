/** The words of each row that was read, beside its key and its version, from the four parameters of `arraysOf`. */
export const counted = `(
    select unnest($1::bigint[]) as id, unnest($2::integer[]) as words, unnest($3::tid[]) as at, unnest($4::xid[]) as by
  ) as counted`;

/** The parameters of `counted`: ids, words, places and versions of rows that have a `text`. */
export function arraysOf(rows) {
  const words = rows.map(({ text }) => (text === "" ? 0 : text.split(" ").length));
  const [ids, places, versions] = ["id", "ctid", "xmin"].map((name) => rows.map((row) => row[name]));
  return [ids, words, places, versions];
}
