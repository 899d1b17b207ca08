import { FabricError } from '@slash32/shared';
import { systemErrorCode } from './exit-code.ts';
import type { OutputFormat } from './global-options.ts';

const SYSTEM_REMEDIES: Readonly<Record<string, string>> = {
  EACCES: 'permission denied: run as root, or as a member of the group that owns it',
  EPERM: 'not permitted: run as root',
  ENOENT: 'no such file or directory',
  ECONNREFUSED: 'nobody listens there: is the daemon running?',
  ENOSPC: 'the disk is full',
  EROFS: 'the file system is read-only',
};

/** One line: what, where, what to do. Never a stack, unless asked for with SLASH32_DEBUG=1. */
export function errorText(error: unknown, format: OutputFormat, debug: boolean): string {
  const line = oneLine(messageOf(error));
  if (format === 'json') {
    const code = error instanceof FabricError ? error.code : (systemErrorCode(error) ?? 'internal');
    const details = error instanceof FabricError ? error.details : {};
    return `${JSON.stringify({ error: { code, message: line, details } })}\n`;
  }
  const stack = debug && error instanceof Error ? `${error.stack}\n` : '';
  return `error: ${line}\n${stack}`;
}

function messageOf(error: unknown): string {
  if (error instanceof FabricError) return error.message;
  const code = systemErrorCode(error);
  if (code !== undefined && error instanceof Error) {
    const path = 'path' in error && typeof error.path === 'string' ? error.path : undefined;
    const remedy = SYSTEM_REMEDIES[code];
    return path === undefined || remedy === undefined ? error.message : `${path}: ${remedy}`;
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return `this is a bug in fabricctl: ${message}; run again with SLASH32_DEBUG=1 and report the stack`;
}

function oneLine(message: string): string {
  return message.trim().replaceAll(/\s*\n\s*/g, '; ');
}
