import type pg from "pg";
import { ColumnCodec } from "../../job/columns/column-codec.ts";

/** The types that are decoded, with PostgreSQL's oids of each type and of its array. */
const types: readonly (readonly [type: string, oid: number, array: number])[] = [
  ["boolean", 16, 1000],
  ["bytea", 17, 1001],
  ["bigint", 20, 1016],
  ["smallint", 21, 1005],
  ["integer", 23, 1007],
  ["json", 114, 199],
  ["real", 700, 1021],
  ["double precision", 701, 1022],
  ["text", 25, 1009],
  ["varchar", 1043, 1015],
  ["numeric", 1700, 1231],
  ["date", 1082, 1182],
  ["timestamp", 1114, 1115],
  ["timestamptz", 1184, 1185],
  ["uuid", 2950, 2951],
  ["jsonb", 3802, 3807],
];

const codecs = new Map(
  types.flatMap(([type, oid, array]) => [
    [oid, new ColumnCodec("of a query", type)] as const,
    [array, new ColumnCodec("of a query", `${type}[]`)] as const,
  ]),
);

/** Values as a transform sees them: `bigint` as a bigint, `numeric` and timestamps as texts, JSON parsed. */
export const plainValues = {
  getTypeParser: (oid: number) => {
    const codec = codecs.get(oid);
    return codec === undefined ? (text: string) => text : (text: string) => codec.decode(text);
  },
} as unknown as pg.CustomTypesConfig;
