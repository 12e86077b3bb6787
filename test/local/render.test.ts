import { describe, expect, it } from '@jest/globals';
import { type Placement, renderProcess } from '../../local/render.ts';
import {
  file,
  flag,
  keyArn,
  keyPassphrase,
  keyPath,
  peer,
  port,
  type ServiceSpec,
  storage,
  text,
} from '../../src/services/service.ts';
import { sampleSpecs } from '../support/specs.ts';

const place: Placement = {
  nonce: 'abcd',
  port: (service, name) => Number(name === 'http' && { log: 20_001, ca: 20_002 }[service]),
  runDirectory: '/state/run/log',
  storageDirectory: '/state/data/log',
  keyPath: (key) => `/keys/${key}.pem`,
  passphrases: new Map([['ca', 'pass phrase']]),
};

const bare: ServiceSpec = {
  id: 'log',
  role: 'ct-log',
  name: 'log',
  program: 'tesseract',
  flags: [],
  environment: [],
  ports: [],
  files: [],
  keys: [],
  storage: 'none',
  health: { port: 'http', path: '/' },
  dependsOn: [],
  startTimeoutMs: 1,
  stopGraceMs: 1,
};

const rendered = (...flags: ServiceSpec['flags']) => renderProcess({ ...bare, flags }, place).args;

describe('renderProcess', () => {
  it.each([
    ['text', flag('a', 'b=c d'), '--a=b=c d'],
    ['a number', flag('a', 3), '--a=3'],
    ['a boolean', flag('a', false), '--a=false'],
    ['a port', flag('a', port('http')), '--a=20001'],
    ['a peer', flag('a', text`http://${peer('ca', 'http')}/x`), '--a=http://127.0.0.1:20002/x'],
    ['a file', flag('a', file('chain.pem')), '--a=/state/run/log/chain.pem'],
    ['the path of a key', flag('a', keyPath('ca')), '--a=/keys/ca.pem'],
    ['the directory', flag('a', storage('directory')), '--a=/state/data/log'],
    ['the instance', flag('a', text`@s-${{ kind: 'nonce' }}`), '--a=@s-abcd'],
  ])('renders %s', (_, template, argument) => {
    expect(rendered(template)).toEqual([argument]);
  });

  it('renders the subcommand first, then the flags in their order', () => {
    const spec = { ...bare, subcommand: 'serve', flags: [flag('b', 1), flag('a', 2)] };
    expect(renderProcess(spec, place).args).toEqual(['serve', '--b=1', '--a=2']);
  });

  it('renders passphrases into the environment, and files into the run directory', () => {
    const spec: ServiceSpec = {
      ...bare,
      environment: [{ name: 'PASSWD', value: [keyPassphrase('ca')] }],
      files: [{ name: 'chain.pem', content: 'PEM' }],
    };
    expect(renderProcess(spec, place)).toEqual({
      args: [],
      environment: { PASSWD: 'pass phrase' },
      files: [{ path: '/state/run/log/chain.pem', content: 'PEM' }],
    });
  });

  it.each([
    ['key-arn', keyArn('ca')],
    ['storage', storage('bucket')],
    ['storage', storage('database-password')],
    ['key-passphrase', keyPassphrase('of-nobody')],
  ])('refuses %s, which this machine has not', (kind, reference) => {
    expect(() => rendered(flag('a', reference))).toThrowToolkit('LOCAL_RENDER', { service: 'log', reference });
    expect(() => rendered(flag('a', reference))).toThrow(`log: ${kind} cannot be rendered`);
  });

  it('accepts every service for this machine, and refuses those for AWS', async () => {
    const everywhere = { ...place, passphrases: new Map(['ca', 'tsa'].map((key) => [key, 'x'])) };
    for (const spec of await sampleSpecs('posix'))
      expect(renderProcess(spec, everywhere).args.length).toBeGreaterThan(4);
    for (const spec of await sampleSpecs('aws')) {
      expect(() => renderProcess(spec, everywhere)).toThrowToolkit('LOCAL_RENDER', { service: spec.id });
    }
  });
});
