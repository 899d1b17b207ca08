import { describe, expect, it } from 'vitest';
import { bootRulesetCommand } from '../src/daemon/boot-ruleset-command.ts';

describe('felix-agent boot-ruleset', () => {
  it('prints a program that replaces whatever was loaded before, and closes the prefixes', () => {
    const text = bootRulesetCommand([]);
    expect(text.startsWith('add table inet slash32-boot\ndelete table inet slash32-boot\n')).toBe(true);
    expect(text).toContain('iifname "tap*" drop');
    expect(text).toContain('oifname "tap*" drop');
    const both = bootRulesetCommand(['--interface-prefix', 'vnet', '--interface-prefix', 'tap']);
    expect(both).toContain('"vnet*"');
    expect(both).toContain('"tap*"');
  });

  it('refuses what it does not understand, rather than closing less than was asked for', () => {
    expect(() => bootRulesetCommand(['--interface-prefix', 'a b'])).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringContaining('1–14 letters') }),
    );
    expect(() => bootRulesetCommand(['--prefix', 'tap'])).toThrow(expect.objectContaining({ code: 'usage' }));
    expect(() => bootRulesetCommand(['tap'])).toThrow(expect.objectContaining({ code: 'usage' }));
    expect(() => bootRulesetCommand(['--help'])).toThrow(expect.objectContaining({ code: 'usage.help' }));
  });
});
