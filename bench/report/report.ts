import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';

/** One measured figure. */
export interface Figure {
  /** What was measured: `tap appears → /32 at the router`. */
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** What was asked: `≤ 25`; absent: printed only. */
  readonly target?: { readonly atMost: number } | { readonly atLeast: number };
  /** How it was taken: number of samples, spread. */
  readonly note?: string;
}

export interface BenchmarkReport {
  readonly benchmark: string;
  readonly figures: readonly Figure[];
}

function verdict(figure: Figure): string {
  if (figure.target === undefined) return '';
  const met = 'atMost' in figure.target ? figure.value <= figure.target.atMost : figure.value >= figure.target.atLeast;
  return met ? 'met' : 'MISSED';
}

function targetText(figure: Figure): string {
  if (figure.target === undefined) return '';
  return 'atMost' in figure.target ? `≤ ${figure.target.atMost}` : `≥ ${figure.target.atLeast}`;
}

/** Few digits, as the noise allows. */
export function valueText(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}

/** A table for people: what, value, unit, target, verdict, note. */
export function formatReport(report: BenchmarkReport): string {
  const rows = report.figures.map((figure) => [
    figure.what,
    valueText(figure.value),
    figure.unit,
    targetText(figure),
    verdict(figure),
    figure.note ?? '',
  ]);
  const widths = [0, 1, 2, 3, 4, 5].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => (column === 1 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
  return `${report.benchmark}\n${lines.map((line) => `  ${line}`).join('\n')}\n`;
}

/** Writes `bench/results/BENCHMARK.json` with the machine it ran on, and returns the path. */
export function writeReport(report: BenchmarkReport): string {
  const directory = join(import.meta.dirname, '..', 'results');
  mkdirSync(directory, { recursive: true });
  const file = join(directory, `${report.benchmark}.json`);
  const machine = {
    kernel: release(),
    cpus: cpus().length,
    cpuModel: cpus()[0]?.model ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
  };
  const body = {
    at: new Date().toISOString(),
    machine,
    ...report,
    figures: report.figures.map((figure) => ({ ...figure, ...(figure.target && { met: verdict(figure) === 'met' }) })),
  };
  writeFileSync(file, `${JSON.stringify(body, null, 2)}\n`);
  return file;
}
