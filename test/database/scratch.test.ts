import { test } from "vitest";
import { useDatabase } from "../support/database.ts";
const database = useDatabase();
test("x", async () => {
  console.log(await database.query("select version()"));
  console.log(await database.query("select collprovider, count(*), min(collname), max(collname) from pg_collation group by 1"));
  console.log(await database.query("select collname, collprovider from pg_collation where collprovider <> 'i'"));
  console.log(await database.query("select datcollate, datlocprovider, datlocale from pg_database where datname=current_database()"));
  console.log(await database.query("select name from pg_available_extensions order by 1"));
  console.log(await database.query("show lc_monetary"));
  console.log(await database.query("select '<a>1</a>'::xml").catch(String));
});
