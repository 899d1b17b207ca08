import { join } from 'node:path';
import { execa } from 'execa';
import type { BenchmarkReport, Figure } from '../report/report.ts';
import { type CompileResult, HOST_RULES, SHAPED_RULES } from './compile-run.ts';

const MAIN = join(import.meta.dirname, 'compile-main.ts');

/**
 * The compiler alone: rules per second from scratch, and one rule more or less, on a host with 1,000 and with 100,000
 * rules in groups of ten; then the same with one group of 10,000 rules of each shape.
 */
export async function compileBenchmark(): Promise<BenchmarkReport> {
  const { host, shapes } = JSON.parse((await execa(process.execPath, [MAIN])).stdout) as CompileResult;
  const figures = host.flatMap(({ rules, scratchMs, changeMs }): Figure[] => [
    {
      what: `${rules} rules in groups of 10: from scratch`,
      value: (rules * 1_000) / scratchMs,
      unit: 'rules/s',
      note: `${scratchMs.toFixed(0)} ms`,
    },
    { what: `${rules} rules in groups of 10: one rule changed`, value: changeMs, unit: 'ms' },
  ]);
  const [small, large] = host;
  if (small !== undefined && large !== undefined) {
    figures.push({
      what: `one rule changed, with ${HOST_RULES[1]} / with ${HOST_RULES[0]} rules on the host`,
      value: large.changeMs / small.changeMs,
      unit: '×',
      target: { atMost: 2 },
    });
  }
  for (const { shape, rules, scratchMs, changeMs } of shapes) {
    figures.push(
      {
        what: `one group of ${SHAPED_RULES} rules, ${shape}: from scratch`,
        value: (rules * 1_000) / scratchMs,
        unit: 'rules/s',
        note: `${scratchMs.toFixed(0)} ms`,
      },
      { what: `one group of ${SHAPED_RULES} rules, ${shape}: one rule changed`, value: changeMs, unit: 'ms' },
    );
  }
  return { benchmark: 'compile', figures };
}
