import { describe, expect, it } from '@jest/globals';
import { edgeListeners } from '../../local/edge-listeners.ts';
import { edgePort, edgeUrl, identityProviderUrl, portNames, tufUrl } from '../../local/endpoints.ts';
import { assertListeners } from '../../local/gateway/listener.ts';
import { StateDirectory, type StateFacts } from '../../local/state.ts';
import { minimalConfig } from '../support/minimal-config.ts';
import { sampleSpecs } from '../support/specs.ts';

const config = await minimalConfig();
const specs = await sampleSpecs('posix');
const state = new StateDirectory('/state');
const names = portNames(config);
const facts: StateFacts = {
  id: 'abcd',
  instanceName: 'local',
  domain: 'sigstead.test',
  createdAt: new Date(0),
  ports: Object.fromEntries(names.map((name, index) => [name, 20_000 + index])),
};

describe('portNames', () => {
  it('has every port of every service, one at the edge for each, and none besides', () => {
    const services = specs.flatMap(({ id, ports }) => ports.map(({ name }) => `${id}/${name}`));
    const edges = [...specs.map(({ id }) => id), 'tuf', 'oidc'].map(edgePort);
    expect(names.toSorted()).toEqual([...services, ...edges].sort());
  });

  it('grows with the configuration', () => {
    const [shard] = config.logs.rekor;
    if (!shard) throw new Error('the sample has one');
    const two = { ...config, logs: { ...config.logs, rekor: [shard, { ...shard, shard: 'log2027-1' }] } };
    const added = portNames(two).filter((name) => !names.includes(name));
    expect(added.toSorted()).toEqual([
      'edge/rekor-log2027-1',
      'rekor-log2027-1/grpc',
      'rekor-log2027-1/http',
      'rekor-log2027-1/metrics',
    ]);
  });
});

describe('edgeListeners', () => {
  const handler = () => undefined;
  const listeners = edgeListeners(specs, state, facts, { identityProvider: handler, isOpen: () => true });
  const named = new Map(listeners.map((listener) => [listener.name, listener]));

  it('has one listener for each service, the repository and the provider, that the gateway accepts', () => {
    expect([...named.keys()].sort()).toEqual([...specs.map(({ id }) => id), 'oidc', 'tuf'].sort());
    assertListeners(listeners);
    for (const { name, port } of listeners) expect(port).toBe(facts.ports[edgePort(name)]);
    expect(new Set(listeners.map(({ port }) => port)).size).toBe(listeners.length);
  });

  it('forwards to the port on which the server listens, and reads from where it writes', () => {
    for (const { id, storage } of specs) {
      expect(named.get(id)).toMatchObject({ upstream: { host: '127.0.0.1', port: facts.ports[`${id}/http`] } });
      expect(named.get(id)).toEqual(
        storage === 'directory'
          ? expect.objectContaining({ directory: `/state/data/${id}` })
          : expect.not.objectContaining({ directory: expect.anything() }),
      );
    }
    expect(named.get('tuf')).toMatchObject({ directory: '/state/tuf' });
    expect(named.get('oidc')).toMatchObject({ handler });
  });

  it.each(names.filter((name) => /^edge\/|\/http$/.test(name) && !/^(fulcio|rekor-.*)\/http$/.test(name)))(
    'refuses a state without a port for %s',
    (name) => {
      const { [name]: _, ...ports } = facts.ports;
      const refused = () =>
        edgeListeners(specs, state, { ...facts, ports }, { identityProvider: handler, isOpen: () => true });
      expect(refused).toThrowToolkit('LOCAL_PORT_UNKNOWN', { name });
    },
  );

  it('is where the URLs of the instance lead', () => {
    expect(edgeUrl(facts, 'fulcio')).toBe(`http://127.0.0.1:${named.get('fulcio')?.port}`);
    expect(tufUrl(facts)).toBe(`http://127.0.0.1:${named.get('tuf')?.port}`);
    expect(identityProviderUrl(facts)).toBe(`http://127.0.0.1:${named.get('oidc')?.port}`);
  });
});
