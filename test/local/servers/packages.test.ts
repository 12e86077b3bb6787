import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { moduleVersions, parseRequirements, serverPackages, serversModule } from '../../../local/servers/packages.ts';

describe('parseRequirements', () => {
  it('reads single lines and blocks, and no other directive', () => {
    const goMod = [
      'module example.test/servers',
      'go 1.26.8',
      'tool (\n\texample.test/tool v9\n)',
      'require example.test/one v1.0.0 // indirect',
      'require (',
      '\texample.test/two/v2 v2.3.4 // indirect',
      '\t// example.test/three v3.0.0',
      ')',
      'replace example.test/one v1.0.0 => example.test/fork v1.0.1',
    ].join('\n');
    expect([...parseRequirements(goMod)]).toEqual([
      ['example.test/one', 'v1.0.0'],
      ['example.test/two/v2', 'v2.3.4'],
    ]);
  });
});

describe('serverPackages', () => {
  it('names packages that servers/go.mod lists as tools, or that lie in servers/', async () => {
    const goMod = await readFile(join(serversModule, 'go.mod'), 'utf8');
    const tools = /^tool \(\n([^)]*)\)/m.exec(goMod)?.[1]?.trim().split(/\s+/);
    const upstream = Object.values(serverPackages).filter((server) => !server.package.startsWith('./'));
    expect(tools?.sort()).toEqual(upstream.map((server) => server.package).sort());
    expect(await readFile(join(serversModule, 'cmd/timestamp-server/main.go'), 'utf8')).toContain('package main');
  });

  it('names modules that servers/go.mod pins to a release', async () => {
    const versions = await moduleVersions(serversModule);
    for (const server of Object.values(serverPackages)) {
      expect(versions.get(server.module)).toMatch(/^v\d+\.\d+\.\d+$/);
    }
  });

  it('has the Tessera that does not take a database error for a duplicate', async () => {
    expect((await moduleVersions(serversModule)).get('github.com/transparency-dev/tessera')).toBe('v1.0.4');
  });
});
