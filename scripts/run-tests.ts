/**
 * Runs vitest projects one after the other and closes with one line of totals: `N passed, N failed, N skipped`.
 * Kernel and e2e tests run in a sandbox of their own each, so that nothing they leave behind reaches the next.
 *
 *   node scripts/run-tests.ts unit kernel e2e
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

const root = join(import.meta.dirname, '..');
const SANDBOXED = new Set(['kernel', 'e2e']);

function runProject(project: string, reportFile: string): Totals {
  const sandbox = SANDBOXED.has(project) ? [join(root, 'scripts/sandbox')] : [];
  const [command = '', ...rest] = [
    ...sandbox,
    process.execPath,
    join(root, 'node_modules/vitest/vitest.mjs'),
    ...['run', '--project', project, '--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`],
  ];
  const started = Date.now();
  const run = spawnSync(command, rest, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  const totals = readTotals(reportFile);
  // Vitest fails without a failed test, too: an unhandled error, a file that does not load, a crash.
  if (run.status !== 0 && totals.failed === 0) totals.failed = 1;
  const seconds = Math.round((Date.now() - started) / 1000);
  process.stdout.write(
    `${project}: ${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped in ${seconds} s\n\n`,
  );
  return totals;
}

function readTotals(reportFile: string): Totals {
  let report: { numPassedTests: number; numFailedTests: number; numPendingTests: number; numTodoTests: number };
  try {
    report = JSON.parse(readFileSync(reportFile, 'utf8'));
  } catch {
    return { passed: 0, failed: 1, skipped: 0 }; // vitest died before it could report
  }
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

const directory = mkdtempSync(join(tmpdir(), 'slash32-tests-'));
try {
  const sum: Totals = { passed: 0, failed: 0, skipped: 0 };
  for (const project of process.argv.slice(2)) {
    const totals = runProject(project, join(directory, `${project}.json`));
    sum.passed += totals.passed;
    sum.failed += totals.failed;
    sum.skipped += totals.skipped;
  }
  process.stdout.write(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped\n`);
  process.exitCode = sum.failed > 0 || sum.passed === 0 ? 1 : 0;
} finally {
  rmSync(directory, { recursive: true, force: true });
}
