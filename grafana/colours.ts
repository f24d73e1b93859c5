/**
 * One colour for each meaning, the same in every panel; names of Grafana's palette follow the reader's theme.
 */
export const outcomeColours = {
  read: "blue",
  written: "green",
  unchanged: "#8e8e8e",
  skipped: "yellow",
  rejected: "red",
  committed: "green",
  retried: "orange",
  halved: "purple",
} as const;

/** How calls of other systems end. */
export const callColours = {
  answered: "green",
  failed: "red",
  timed_out: "orange",
  told_to_wait: "yellow",
} as const;

/** The states of a run; green is the only good end, red the only one that no operator asked for. */
export const stateColours = {
  pending: "light-blue",
  running: "blue",
  succeeded: "green",
  paused: "yellow",
  interrupted: "orange",
  failed: "red",
  cancelled: "#8e8e8e",
} as const;

/** For time in a graph that also shows a count. */
export const timeColour = "orange";

/** The states of an item in the queue. */
export const queueColours = {
  waiting: "yellow",
  deferred: "#8e8e8e",
  running: "blue",
  dead: "red",
} as const;

/** The states of a target in waves. */
export const targetColours = {
  waiting: "#8e8e8e",
  queued: "blue",
  succeeded: "green",
  failed: "red",
  dropped: "yellow",
} as const;

/** What may become of an item. */
export const itemColours = {
  done: "green",
  later: "#8e8e8e",
  refused: "yellow",
  failed: "orange",
  dead: "red",
  lost: "purple",
} as const;
