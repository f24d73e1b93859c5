/** Whether a process on this machine is alive. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // The process exists, but may not be signalled.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
