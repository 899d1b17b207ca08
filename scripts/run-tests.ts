/**
 * Runs vitest projects one after the other and closes with one line of totals: `N passed, N failed, N skipped`.
 * The e2e tests run in a sandbox; each file of kernel tests runs in a sandbox of its own, because those tests use the
 * network namespace that they find themselves in, and what one leaves behind must not reach the next.
 *
 *   node scripts/run-tests.ts unit kernel e2e
 */
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

const root = join(import.meta.dirname, '..');
const SANDBOXED = new Set(['kernel', 'e2e']);
/** The fuzzers' share of a full run, milliseconds; a file run by itself fuzzes for a few seconds. */
const FUZZ_TIMES = { CODEC_FUZZ_MS: '15000', SESSION_FUZZ_MS: '45000' };
const KERNEL_TESTS = 'packages/*/test/**/*.kernel.test.ts';

/** One run of vitest: a project, whole or only these files. */
interface Run {
  readonly project: string;
  readonly files: readonly string[];
}

function runsOf(project: string): Run[] {
  if (project !== 'kernel') return [{ project, files: [] }];
  return globSync(KERNEL_TESTS, { cwd: root })
    .sort()
    .map((file) => ({ project, files: [file] }));
}

function execute(run: Run, reportFile: string): Totals {
  const sandbox = SANDBOXED.has(run.project) ? [join(root, 'scripts/sandbox')] : [];
  const [command = '', ...rest] = [
    ...sandbox,
    process.execPath,
    join(root, 'node_modules/vitest/vitest.mjs'),
    ...['run', '--project', run.project, '--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`],
    ...run.files,
  ];
  rmSync(reportFile, { force: true });
  const { status } = spawnSync(command, rest, {
    cwd: root,
    env: { ...FUZZ_TIMES, ...process.env },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const totals = readTotals(reportFile);
  // Vitest fails without a failed test, too: an unhandled error, a file that does not load, a crash.
  if (status !== 0 && totals.failed === 0) totals.failed = 1;
  return totals;
}

function runProject(project: string, reportFile: string): Totals {
  const started = Date.now();
  const sum = sumOf(runsOf(project).map((run) => execute(run, reportFile)));
  const seconds = Math.round((Date.now() - started) / 1000);
  process.stdout.write(`${project}: ${totalsText(sum)} in ${seconds} s\n\n`);
  return sum;
}

function sumOf(all: readonly Totals[]): Totals {
  const sum: Totals = { passed: 0, failed: 0, skipped: 0 };
  for (const totals of all) {
    sum.passed += totals.passed;
    sum.failed += totals.failed;
    sum.skipped += totals.skipped;
  }
  return sum;
}

function totalsText({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
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
  const projects = process.argv.slice(2);
  const sum = sumOf(projects.map((project) => runProject(project, join(directory, `${project}.json`))));
  process.stdout.write(`${totalsText(sum)}\n`);
  process.exitCode = sum.failed > 0 || sum.passed === 0 ? 1 : 0;
} finally {
  rmSync(directory, { recursive: true, force: true });
}
