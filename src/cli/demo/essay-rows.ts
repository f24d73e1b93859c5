/**
 * The statement that fills the essays of the sample school; the same text for the same numbers, on every
 * machine.
 */
export function essayRows(essays: number, students: number): string {
  return `
with sentence as materialized (
  select n, string_agg(concat(opener, ' ', subject, ' ', verb, ' ', object, ' ', ending), ' ' order by place) as body
  from generate_series(0, ${paragraphs - 1}) as n
  cross join lateral generate_series(1, 1 + n % 2) as place
  cross join lateral (
    select ${partsOfSentence("n * 3 + place")}
  ) as part
  group by n
),
essay as (
  select
    id,
    ${pick("id", 1, students)} + 1 as student_id,
    (array[${quoted(titles)}])[${pick("id", 2, titles.length)} + 1] as title,
    concat_ws(e'\\n\\n', one.body, two.body, three.body, four.body) as body,
    ${pick("id", 7, 24)} as spacing
  from generate_series(1::bigint, ${essays}) as id
  join sentence as one on one.n = ${pick("id", 3, paragraphs)}
  join sentence as two on two.n = ${pick("id", 4, paragraphs)}
  left join sentence as three on three.n = ${pick("id", 5, paragraphs + paragraphs / 2)}
  left join sentence as four on four.n = ${pick("id", 6, paragraphs * 2)}
)
insert into essay_submission_essay (id, student_id, title, content, submitted_at)
select
  id,
  student_id,
  title,
  case
    when id in (7, 1009) then ''
    when id = 13 then e' \\t\\n '
    when spacing = 0 then replace(body, '. ', '.  ')
    when spacing = 1 then e'\\t' || replace(body, e'\\n\\n', e'\\n\\n\\t')
    when spacing = 2 then '   ' || body
    when spacing = 3 then body || e' \\n\\n'
    when spacing = 4 then replace(body, ', ', e',\\t ')
    when spacing = 5 then replace(body, e'\\n', e'\\r\\n')
    else body
  end,
  timestamptz '2023-09-04 08:00:00+00' + id * interval '97 seconds' + spacing * interval '1 millisecond'
from essay
order by id`;
}

/** SQL for a whole number from 0 to below `count` that depends only on the key and the salt. */
export function pick(key: string, salt: number, count: number): string {
  return `((hashint8extended(${key}, ${salt}) & 9223372036854775807) % ${count})`;
}

export function quoted(words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", "''")}'`).join(", ");
}

function partsOfSentence(key: string): string {
  return Object.entries(grammar)
    .map(
      ([part, words], salt) => `(array[${quoted(words)}])[${pick(key, salt, words.length)} + 1] as ${part}`,
    )
    .join(",\n      ");
}

const paragraphs = 480;

const titles = [
  "Why We Read Old Letters",
  "A River and Its Town",
  "The Price of a Quiet Street",
  "What My Grandmother Kept",
  "Should Schools Start Later?",
  "Notes from a Field Trip",
  "The Café at the Corner",
  "On Learning to Lose",
];

const grammar = {
  opener: [
    "In the end,",
    "To begin with,",
    "As the teacher said,",
    "Looking back,",
    "For many years,",
    "Without any doubt,",
    "In a small town like ours,",
    "Most people agree that",
  ],
  subject: [
    "the old library",
    "my older brother",
    "every student in the class",
    "the city council",
    "a careful reader",
    "the naïve hero of the novel",
    "our neighbour from Québec",
    "the long drought",
    "a well-made argument",
    "the youngest daughter",
    "her first experiment",
  ],
  verb: [
    "changed",
    "quietly explained",
    "did not understand",
    "would rather protect",
    "kept asking about",
    "taught us to value",
    "gave a new meaning to",
    "slowly improved",
    "could never replace",
  ],
  object: [
    "the way we share water,",
    "a story that no one believed,",
    "the rules of the game,",
    "what it means to be fair,",
    "the café where they used to meet,",
    "an idea that seemed impossible,",
    "the history of the valley,",
    "work done by other people's hands,",
    "the façade of the station,",
    "the cost of a single mistake,",
  ],
  ending: [
    "and that is why it still matters today.",
    "even though the evidence was weak.",
    "because no one had asked before.",
    "which surprised all of us.",
    "so the question remains open.",
    "as the second chapter shows.",
    "and I would do it again.",
    "although it took almost a decade.",
    "long before the railway came.",
  ],
} as const;
