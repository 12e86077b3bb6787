import { describe, expect, it } from '@jest/globals';
import type { ScanOutcome } from '../../operate/images/go-tools.ts';
import { scanPrograms } from '../../operate/images/scan-programs.ts';
import { parseScan } from '../../operate/images/vulnerabilities.ts';

const show = (...messages: readonly object[]) =>
  messages.map((message) => `${JSON.stringify(message, undefined, 2)}\n`).join('');

const config = { config: { db: 'https://vuln.go.dev', db_last_modified: '2026-11-20T00:00:00Z' } };
const looked = { SBOM: { go_version: 'go1.26.8', modules: [] } };
const osv = (id: string) => ({ osv: { id, summary: `${id} {\n}`, aliases: [`CVE-${id}`] } });
const finding = (id: string, more: object = {}) => ({
  finding: { osv: id, fixed_version: 'v1.2.3', trace: [{ module: 'example.com/m', version: 'v1.0.0', ...more }] },
});

describe('parseScan', () => {
  it('reads a scan that found nothing', () => {
    expect(parseScan(show(config, { progress: { message: 'Scanning' } }, looked))).toEqual({
      database: 'https://vuln.go.dev',
      lastModified: '2026-11-20T00:00:00Z',
      findings: [],
    });
  });

  it('counts a vulnerability once, at whatever levels it is told, and lists them in order', () => {
    const levels = [finding('GO-2'), finding('GO-2', { package: 'example.com/m/p' }), finding('GO-1')];
    const { findings } = parseScan(show(config, looked, osv('GO-2'), osv('GO-1'), ...levels));
    expect(findings).toEqual([
      expect.objectContaining({ id: 'GO-1', aliases: ['CVE-GO-1'] }),
      expect.objectContaining({ id: 'GO-2', module: 'example.com/m', version: 'v1.0.0', fixed: 'v1.2.3' }),
    ]);
  });

  it('does not count what is known of modules in other versions', () => {
    expect(parseScan(show(config, looked, osv('GO-3'))).findings).toEqual([]);
  });

  it('says null where there is no fix', () => {
    const open = { finding: { osv: 'GO-4', trace: [{ module: 'm', version: 'v1' }] } };
    expect(parseScan(show(config, looked, open)).findings).toEqual([expect.objectContaining({ fixed: null })]);
  });

  it.each([
    ['nothing', ''],
    ['no configuration', show(looked)],
    ['no sign that the binary was read', show(config)],
    ['text', 'no vulnerabilities found\n'],
    ['a report that is cut off', show(config, looked).slice(0, -3)],
  ])('refuses %s: it would read as "no findings"', (_name, output) => {
    expect(() => parseScan(output)).toThrowToolkit('OPS_IMAGE_BUILD');
  });
});

describe('scanPrograms', () => {
  const programs = ['entry', 'fulcio'].map((name) => ({ name, path: `/${name}` }));
  const clean: ScanOutcome = { scan: parseScan(show(config, looked)) };
  const unreachable: ScanOutcome = { notChecked: 'no such host' };
  const answering = (answers: Readonly<Record<string, ScanOutcome>>) => ({
    scan: async (path: string) => answers[path] ?? unreachable,
  });

  it('says where it looked', async () => {
    const { check, findings } = await scanPrograms(
      programs,
      answering({ '/entry': clean, '/fulcio': clean }),
      undefined,
    );
    expect(check).toMatchObject({ status: 'checked', database: 'https://vuln.go.dev' });
    expect([...findings]).toEqual([
      ['entry', []],
      ['fulcio', []],
    ]);
  });

  it('says nothing of any program when one could not be looked up', async () => {
    const { check, findings } = await scanPrograms(programs, answering({ '/entry': clean }), undefined);
    expect(check).toMatchObject({ status: 'not checked', reason: 'no such host' });
    expect(findings.size).toBe(0);
  });
});
