import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readSourceTree } from '../docs/source-tree.ts';
import { type Manifest, violations } from './support/house/violations.ts';
import { projectDirectory } from './support/instance.ts';

const manifest: Manifest = {
  dependencies: { zod: '4.0.0', zx: '8.0.0', 'tuf-js': '6.0.0' },
  devDependencies: { jest: '30.0.0' },
};

describe('the house', () => {
  it('keeps to its table: floors, fences, sizes', async () => {
    const files = await readSourceTree(projectDirectory);
    const real = JSON.parse(await readFile(join(projectDirectory, 'package.json'), 'utf8')) as Manifest;
    // So that an empty list of files cannot pass.
    expect([...files.keys()]).toEqual(expect.arrayContaining(['bin/sigstead', 'src/core/error.ts', 'operate/up.ts']));
    expect(violations({ files, manifest: real })).toEqual([]);
  });
});

describe('violations', () => {
  it.each([
    ['src/tlog/a.ts', "import '../core/error.ts';"],
    ['src/trust/a.ts', "import type { X } from '../x509/chain.ts';"],
    ['src/services/a.ts', "import { trust } from '../trust/material.ts';"],
    ['ceremony/rules/a.ts', "import { plan } from '../plan.ts';"],
    ['local/gateway/a.ts', "import { edge } from '../../src/services/edge.ts';"],
    ['operate/a.ts', "export const load = async () => (await import('../ceremony/publish.ts')).publish;"],
    ['drills/a.ts', "import '../operate/up.ts';"],
    ['bin/a.ts', "import '../operate/verbs.ts'; export const words = process.argv;"],
    ['src/cli/run.ts', 'export const environment = process.env;'],
    ['src/config/a.ts', "import { z } from 'zod/v4';"],
    ['src/process/a.ts', "import { spawn } from 'node:child_process'; export const self = process.pid;"],
    ['src/core/a.ts', "import 'node:fs/promises'; // process.env, console.log\nexport const text = 'process.env';"],
    ['src/x509/rules/index.ts', 'export const rules = [];'],
    ['test/src/tlog/a.test.ts', "import 'jest'; import '../../../local/state.ts'; import 'node:child_process';"],
  ])('accepts %s: %s', (path, source) => {
    expect(problems(path, source)).toEqual([]);
  });

  it.each([
    ['src/core/a.ts', "import '../tlog/note.ts';", 'src/core may not import src/tlog'],
    ['src/tlog/a.ts', "import '../x509/chain.ts';", 'src/tlog may not import src/x509'],
    ['src/tlog/a.ts', "import type { C } from '../x509/chain.ts';", 'src/tlog may not import src/x509'],
    ['src/tlog/a.ts', "export { C } from '../x509/chain.ts';", 'src/tlog may not import src/x509'],
    ['src/tlog/a.ts', "export const c = () => import('../x509/chain.ts');", 'src/tlog may not import src/x509'],
    ['src/tlog/a.ts', "export type C = import('../x509/chain.ts').C;", 'src/tlog may not import src/x509'],
    ['src/tlog/a.ts', 'export const c = () => import(`../x509/chain.ts`);', 'src/tlog may not import src/x509'],
    ['src/tlog/deep/a.ts', "import '../../keys/signer.ts';", 'src/tlog may not import src/keys'],
    ['src/trust/a.ts', "import '../services/edge.ts';", 'src/trust may not import src/services'],
    ['src/services/a.ts', "import '../tlog/note.ts';", 'src/services may not import src/tlog'],
    ['ceremony/a.ts', "import '../src/services/edge.ts';", 'ceremony may not import src/services'],
    ['ceremony/a.ts', "import '../local/state.ts';", 'ceremony may not import local'],
    ['local/a.ts', "import '../ceremony/publish.ts';", 'local may not import ceremony'],
    ['local/a.ts', "import '../operate/up.ts';", 'local may not import operate'],
    ['lib/a.ts', "import '../src/keys/signer.ts';", 'lib may not import src/keys'],
    ['lib/a.ts', "import '../src/process/ps.ts';", 'lib may not import src/process'],
    ['monitors/a.ts', "import '../src/services/edge.ts';", 'monitors may not import src/services'],
    ['monitors/a.ts', "import '../src/process/ps.ts';", 'monitors may not import src/process'],
    ['operate/a.ts', "import '../drills/list.ts';", 'operate may not import drills'],
    ['operate/a.ts', "import '../bin/sigstead.ts';", 'operate may not import bin'],
    ['operate/a.ts', "import '../test/support/instance.ts';", 'operate may not import test'],
    ['operate/a.ts', "import '../docs/generate.ts';", 'operate may not import docs'],
    ['operate/a.ts', "import '../../other/a.ts';", 'outside of the project'],
    ['helpers/a.ts', '', 'helpers is no room'],
    ['src/utilities/a.ts', '', 'src/utilities is no room'],
  ])('refuses %s: %s', (path, source, problem) => {
    expect(problems(path, source)).toEqual([expect.stringContaining(problem)]);
  });

  it.each([
    ['src/trust/a.ts', "import { z } from 'zod';", 'imports zod, which stays in src/config'],
    ['local/a.ts', "import { $ } from 'zx/core';", 'imports zx, which stays in src/process'],
    ['local/a.ts', "import 'node:child_process';", 'imports node:child_process, which stays in src/process'],
    ['ceremony/a.ts', "import 'tuf-js';", 'imports tuf-js, which stays in src/tuf'],
    ['src/tuf/a.ts', "import '@tufjs/models';", 'not among the run-time dependencies'],
    ['src/core/a.ts', "import 'path';", 'imports path, which is not among the run-time dependencies'],
    ['src/core/a.ts', "import 'path';", 'imports path, for which no room is named'],
    ['src/config/a.ts', "import 'jest';", 'imports jest, which is not among the run-time dependencies'],
    ['test/a.test.ts', "import 'lodash';", 'imports lodash, which is not among the dependencies'],
    ['local/a.ts', "import 'node:module';", 'imports node:module, a way around this test'],
  ])('refuses the package in %s: %s', (path, source, problem) => {
    expect(problems(path, source)).toEqual(expect.arrayContaining([expect.stringContaining(problem)]));
  });

  it.each([
    ['import(name)', 'export const load = (name: string) => import(name);', 'import() of something computed'],
    ['require', "export const fs = require('fs');", 'require()'],
    ['createRequire', 'export const load = module.createRequire(import.meta.url);', 'createRequire()'],
    ['getBuiltinModule', "export const fs = process.getBuiltinModule('fs');", 'getBuiltinModule()'],
    ['export *', "export * from './b.ts';", 'export *'],
    ['process.env', 'export const home = process.env.HOME;', 'process.env belongs to bin/'],
    ["process['env']", "export const home = process['env'];", 'process.env belongs to bin/'],
    ['process.exit', 'process.exit(1);', 'process.exit belongs to bin/'],
    ['process.argv', 'export const words = process.argv;', 'process.argv belongs to bin/'],
    ['const { env } = process', 'const { env } = process;', 'process belongs to bin/'],
    ['globalThis.process', 'export const p = globalThis.process;', 'process belongs to bin/'],
    ['console', "console.error('hello');", 'console.error is not for us'],
    ['a default export', 'export default 1;', 'default export'],
    ['a default export by name', 'const a = 1; export { a as default };', 'default export'],
  ])('refuses %s', (_name, source, problem) => {
    expect(problems('src/store/a.ts', source)).toEqual([expect.stringContaining(problem)]);
  });

  it('refuses an index.ts that only gathers, and accepts an ordered registry', () => {
    expect(problems('src/tlog/index.ts', '')).toEqual([expect.stringContaining('no ordered registry')]);
    expect(problems('monitors/detectors/index.ts', '')).toEqual([]);
  });

  it('refuses a file of 301 lines, in every language and in tests too', () => {
    for (const path of ['src/core/a.ts', 'test/a.test.ts', 'servers/cmd/x/main.go']) {
      expect(problems(path, '\n'.repeat(300))).toEqual([]);
      expect(problems(path, '\n'.repeat(301))).toEqual([expect.stringContaining('301 lines')]);
    }
  });

  it('refuses a loose version, and a dependency that nothing imports', () => {
    const files = new Map([['src/config/a.ts', "import 'zod';"]]);
    expect(violations({ files, manifest: { dependencies: { zod: '^4.0.0', yaml: '2.9.1' } } })).toEqual([
      'package.json: zod: expected an exact version, got ^4.0.0',
      'package.json: yaml: a dependency that nothing imports',
    ]);
  });
});

/** What is wrong with one file, in a house where everything else is right. */
function problems(path: string, source: string): readonly string[] {
  const rest: readonly (readonly [string, string])[] = [
    ['src/config/other.ts', "import 'zod';"],
    ['src/process/other.ts', "import 'zx';"],
    ['src/tuf/other.ts', "import 'tuf-js';"],
  ];
  return violations({ files: new Map([...rest, [path, source]]), manifest });
}
