import { describe, expect, it } from 'vitest';
import { readVisibilityOptions } from '../../src/daemon/visibility-options.ts';

const DEFAULTS = {
  bmp: undefined,
  'bmp-ribs': 'in',
  'bmp-policy': 'pre',
  'mrt-updates': undefined,
  'mrt-max-bytes': '67108864',
  'mrt-keep': '4',
} as const;

describe('options for those who watch from afar', () => {
  it('are off by default', () => {
    expect(readVisibilityOptions(DEFAULTS)).toEqual({
      collectors: [],
      views: ['pre-policy'],
      reportsLocRib: false,
    });
  });

  it('name collectors, views and files', () => {
    const texts = {
      bmp: '192.0.2.9:11019, [2001:db8::9]:5000',
      'bmp-ribs': 'in,out,loc',
      'bmp-policy': 'both',
      'mrt-updates': '/var/log/updates.mrt',
      'mrt-max-bytes': '1000000',
      'mrt-keep': '0',
    };
    expect(readVisibilityOptions(texts)).toEqual({
      collectors: [
        { host: '192.0.2.9', port: 11_019 },
        { host: '2001:db8::9', port: 5000 },
      ],
      views: ['pre-policy', 'post-policy', 'sent'],
      reportsLocRib: true,
      updateLog: { path: '/var/log/updates.mrt', maxOctets: 1_000_000, keep: 0 },
    });
  });

  it.each([
    [{ bmp: 'collector:11019' }, '--bmp "collector:11019"'],
    [{ bmp: '192.0.2.9' }, '--bmp "192.0.2.9"'],
    [{ 'bmp-policy': 'all' }, '--bmp-policy "all"'],
    [{ 'bmp-ribs': 'in, all' }, '--bmp-ribs "all"'],
    [{ 'mrt-max-bytes': '10' }, '--mrt-max-bytes "10"'],
    [{ 'mrt-keep': '1e1' }, '--mrt-keep "1e1"'],
  ])('refuse %o', (texts, message) => {
    expect(() => readVisibilityOptions({ ...DEFAULTS, ...texts })).toThrow(message);
  });
});
