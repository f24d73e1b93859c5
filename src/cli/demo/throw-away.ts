/** Settings of a server that is thrown away, so that nothing in it waits for the disk. */
export const throwAway = {
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
  shared_buffers: "256MB",
  max_wal_size: "8GB",
};
