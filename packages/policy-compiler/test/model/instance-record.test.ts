import { type Instance, instanceSchema } from '@slash32/shared';
import { expect, test } from 'vitest';
import { InstanceRecords } from '../../src/model/instance-record.ts';

const spec = {
  host: 'h1',
  interface: 'tap1',
  mac: '52:54:00:00:00:01',
  network: 'net',
  addresses: ['10.0.0.10'],
  securityGroups: ['web', 'other/db'],
};

function instance(key: string, own: typeof spec): Instance {
  const [namespace = '', name = ''] = key.split('/');
  return instanceSchema.parse({
    apiVersion: 'slash32.dev/v1',
    kind: 'Instance',
    metadata: { namespace, name },
    spec: own,
  });
}

test('instances of the same groups and network share what they say', () => {
  const records = new InstanceRecords();
  const first = records.replace(instance('t/a', spec), undefined);
  const second = records.replace(instance('t/b', { ...spec, interface: 'tap2' }), undefined);
  expect(first.profile).toEqual({ network: 'net', groups: ['t/web', 'other/db'], portSecurity: true });
  expect(second.profile).toBe(first.profile);
  expect(records.replace(instance('u/c', spec), undefined).profile.groups).toEqual(['u/web', 'other/db']);
});

test('a replaced record hands its name on, and its profile if that stays', () => {
  const records = new InstanceRecords();
  const first = records.replace(instance('t/a', spec), undefined);
  const second = records.replace(instance('t/a', { ...spec, mac: '52:54:00:00:00:02' }), first);
  expect(second.profile).toBe(first.profile);
  expect(second).toMatchObject({ name: 't/a', mac: '52:54:00:00:00:02' });
  records.release(second);
  expect(records.empty).toBe(true);
});
