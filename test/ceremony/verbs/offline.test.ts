import type { NetworkInterfaceInfo } from 'node:os';
import { describe, expect, it } from '@jest/globals';
import { assertOffline } from '../../../ceremony/verbs/offline.ts';

const address = (internal: boolean): NetworkInterfaceInfo => ({
  address: internal ? '127.0.0.1' : '192.0.2.7',
  netmask: '255.255.255.0',
  family: 'IPv4',
  mac: '00:00:00:00:00:00',
  internal,
  cidr: null,
});
const loopback = { lo: [address(true)] };
const wired = { ...loopback, eth0: [address(false)], wlan0: [address(true), address(false)] };

/** A command line with these flags; what it warns of is kept. */
function given(...flags: readonly string[]) {
  const warnings: string[] = [];
  const options = { flag: (name: string) => flags.includes(name), text: () => undefined, texts: () => [] };
  const talk = { isTerminal: false, say: () => undefined, warn: (line: string) => void warnings.push(line) };
  return { options, talk, warnings };
}

describe('assertOffline', () => {
  it.each([
    ['no interface', {}],
    ['loopback alone', loopback],
    ['an interface that has no address', { ...loopback, eth0: [] }],
  ])('accepts a machine with %s', (_, interfaces) => {
    const { warnings, ...invocation } = given();
    assertOffline(invocation, interfaces);
    expect(warnings).toEqual([]);
  });

  it('refuses a machine with a network, and names what is up', () => {
    expect(() => assertOffline(given(), wired)).toThrowToolkit('CER_NETWORK_UP', { interfaces: ['eth0', 'wlan0'] });
  });

  it('accepts it where the holder says so, with a warning', () => {
    const { warnings, ...invocation } = given('allow-network');
    assertOffline(invocation, wired);
    expect(warnings).toEqual([expect.stringContaining('eth0, wlan0')]);
  });
});
