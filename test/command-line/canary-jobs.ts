/** Jobs about persons that fail in every way, each time with a person's value involved. */
export const canaryJobs = {
  "tables.ts": `
import { table } from "tidefill";
export const people = table("people", {
  key: "id",
  // PostgreSQL's own column age is an integer: what is none, the database has to refuse.
  columns: { id: "bigint", name: "text", email: "text", score: "integer", age: "text", note: "text?" },
});
`,
  "clean-up.ts": `
import { defineJob, reject, rowsOf, sql, update } from "tidefill";
import { people } from "./tables.ts";
class Oddity extends Error {}
const mistakes = {
  1: (row) => { throw new Error("cannot do " + row.name); },
  2: (row) => reject("no such " + row.email),
  3: (row) => ({ email: "taken " + row.note }),
  4: (row) => ({ name: "forbidden " + row.name }),
  5: (row) => ({ age: row.name }),
  6: (row) => { throw row.note; },
  7: (row) => { const error = new Oddity(row.name); error.name = row.name; throw error; },
  8: (row) => ({ score: row.email }),
  9: (row) => ({ email: "raised" }),
  10: (row) => [row.name],
  11: (row) => "not a row but " + row.name,
  12: async (row) => { throw new Error(row.email); },
  13: (row) => ({ note: row.note + "\\0" }),
};
export default defineJob({
  name: "clean-up",
  personalData: true,
  parameters: { word: "text", poison: "bigint?" },
  source: ({ parameters }) =>
    rowsOf(people, { read: ["name", "email", "score", "age", "note"], where: sql\`note is distinct from \${parameters.word}\` }),
  transform: async (row, { parameters }) => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const { name, email, score, age } = row;
    const answer = { name: name + " " + parameters.word, email, score: score + 1, age, note: parameters.word };
    const odd = mistakes[Number(row.id)]?.(row);
    return odd === undefined ? answer : typeof (await odd) === "object" && odd.constructor === Object ? { ...answer, ...odd } : odd;
  },
  sink: update(people, ["name", "email", "score", "age", "note"]),
});
`,
  "forget.ts": `
import { defineSqlJob, rowsOf, sql, update } from "tidefill";
import { people } from "./tables.ts";
export default defineSqlJob({
  name: "forget",
  personalData: true,
  parameters: { word: "text" },
  source: ({ parameters }) => rowsOf(people, { where: sql\`note is distinct from \${parameters.word} and id > 20\` }),
  sink: ({ parameters }) => update(people, { name: sql\`name || \${parameters.word}\`, score: sql\`case when id = 30 then name::integer else 7 end\` }),
});
`,
  "broken.ts": `
import { defineSqlJob, rowsOf, sql, update } from "tidefill";
import { people } from "./tables.ts";
export default defineSqlJob({
  name: "broken",
  personalData: true,
  source: rowsOf(people, {}),
  sink: update(people, { note: sql\`stop_with(name)\` }),
});
`,
};

/** Their table, whose check, types, trigger and functions all quote values when they refuse a row. */
export const peopleSetup = `
    create table people (
      id bigint primary key, name text not null check (name not like 'forbidden%'), email text not null unique,
      score integer not null, age integer not null, note text);
    create or replace function refuse() returns trigger language plpgsql as $$
    begin
      if new.email = 'raised' then raise exception 'refused %', new.name using detail = new.note, hint = old.email; end if;
      return new;
    end $$;
    create or replace function stop_with(text) returns text language plpgsql as $$
    begin
      raise exception 'stopped by %', $1 using errcode = 'feature_not_supported', detail = $1, hint = $1;
    end $$;
    create trigger refuse before update on people for each row execute function refuse()`;
