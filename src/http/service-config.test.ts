import { describe, expect, it } from 'vitest';
import { describeConfig, resolveServiceConfig } from './service-config.js';

const file = (text: string) => ({ file: { path: 'vamana.yaml', text } });

describe('the configuration of the service', () => {
  it('takes the file, over it the environment, over that the flags', () => {
    const text = 'service:\n  port: 1\n  host: ::1\nlimits:\n  queries: 7\nstorage: {data_dir: x}';
    const environment = { VAMANA__SERVICE__PORT: '2', VAMANA__STORAGE__DATA_DIR: 'y', PATH: '/bin' };
    const config = resolveServiceConfig({ ...file(text), environment, flags: { service: { port: '3' } } });
    expect([config.service.port, config.service.host, config.storage.data_dir]).toEqual([3, '::1', 'y']);
    expect([config.limits.queries, config.limits.points]).toEqual([7, 100_000]);
    expect(resolveServiceConfig(file('{"service": {"port": 4}}')).service.port).toBe(4);
  });

  it.each([
    ['an unknown section', 'servce: {}', 'unknown setting servce'],
    ['an unknown setting', 'service: {prot: 1}', 'unknown setting service.prot'],
    ['a text where a number goes', 'service: {port: x}', 'vamana.yaml: service.port: found x'],
    ['a port that is none', 'service: {port: 70000}', '0 to 65535'],
    ['neither YAML nor JSON', '{', 'neither YAML nor JSON'],
    ['a list', '[1]', 'sections'],
    ['half of TLS', 'service: {tls_cert: a.pem}', 'both or none'],
    ['tokens without a key', 'service: {jwt_rbac: true}', 'service.api_key'],
    ['an open door', 'service: {host: 0.0.0.0}', '--insecure'],
    ['a limit of none', 'limits: {points: 0}', '1 or more'],
  ])('refuses %s', (_what, text, message) => {
    expect(() => resolveServiceConfig(file(text))).toThrow(message);
  });

  it('masks secrets when it is printed', () => {
    const printed = describeConfig(resolveServiceConfig(file('service: {api_key: hidden}')));
    expect(printed).toContainEqual(['service.api_key', '********']);
    expect(JSON.stringify(printed)).not.toContain('hidden');
  });
});
