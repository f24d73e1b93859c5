import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Folders whose tests mostly wait: for leases to run out, for servers and processes to start and to end. */
const waiting = /\/test\/(calls|crash|embedded|fleet|notify|page|testing)\//;

/**
 * Mixes files that wait with files that compute, each from the largest to the smallest, so that the processors
 * have work from the first minute to the last.
 */
export class MixedOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const place = (group: readonly TestSpecification[]) =>
      group.map((file, index) => ({ file, at: (index + 0.5) / group.length }));
    const waits = ({ moduleId }: TestSpecification) => waiting.test(moduleId);
    return [...place(sorted.filter(waits)), ...place(sorted.filter((file) => !waits(file)))]
      .sort((left, right) => left.at - right.at)
      .map(({ file }) => file);
  }
}
