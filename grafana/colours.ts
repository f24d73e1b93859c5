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
