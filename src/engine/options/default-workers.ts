/** Workers of a process, where neither the run nor the job says how many. */
export const defaultWorkers = 4;

/** Connections besides those of the workers: for planning, for heartbeats and for signals. */
export const spareConnections = 3;
