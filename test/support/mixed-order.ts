import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Folders whose tests mostly wait: for leases to run out, for servers and processes to start and to end. */
const waiting = /\/test\/(calls|crash|documents|embedded|fleet|notify|page|testing)\//;

/** Files that take a minute or so, however small they are. */
const longest =
  /\/(guide|hosts|jobs|lost-acknowledged-commits|poison-rows|put-aside-under-kills|rolling-deploy|silent-connections|undo-under-kills)\.test\.ts$/;

/**
 * Mixes files that wait with files that compute, each from the largest to the smallest and the longest before
 * all, so that the processors have work from the first minute to the last.
 */
export class MixedOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const bySize = await super.sort(files);
    const isLongest = ({ moduleId }: TestSpecification) => longest.test(moduleId);
    const sorted = [...bySize.filter(isLongest), ...bySize.filter((file) => !isLongest(file))];
    const place = (group: readonly TestSpecification[]) =>
      group.map((file, index) => ({ file, at: (index + 0.5) / group.length }));
    const waits = ({ moduleId }: TestSpecification) => waiting.test(moduleId);
    return [...place(sorted.filter(waits)), ...place(sorted.filter((file) => !waits(file)))]
      .sort((left, right) => left.at - right.at)
      .map(({ file }) => file);
  }
}
