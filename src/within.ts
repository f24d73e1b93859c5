/**
 * What `work` answers, or undefined when it takes longer than `milliseconds`; `work` itself goes on. The
 * timer is cleared with the answer: otherwise it would wake the process for nothing.
 */
export async function within<T>(milliseconds: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
