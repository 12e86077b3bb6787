import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Writes each run's tests, with their status, to a file of its own in `SIGSTEAD_TEST_RESULTS`. */
class ResultsReporter {
  constructor(globalConfig) {
    this.rootDirectory = globalConfig.rootDir;
  }

  onRunComplete(_contexts, { testResults }) {
    const directory = process.env.SIGSTEAD_TEST_RESULTS;
    if (!directory) return;
    const results = testResults.flatMap((file) => this.resultsOf(file));
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, `${process.pid}.json`), JSON.stringify(results));
  }

  resultsOf(file) {
    const path = relative(this.rootDirectory, file.testFilePath);
    if (file.testExecError) return [{ name: `${path}: could not run`, status: 'failed' }];
    return file.testResults.map(({ ancestorTitles, title, status }) => ({
      name: `${path}: ${[...ancestorTitles, title].join(' › ')}`,
      status: status === 'passed' || status === 'failed' ? status : 'skipped',
    }));
  }
}

// biome-ignore lint/style/noDefaultExport: jest loads a reporter by its default export
export { ResultsReporter as default };
