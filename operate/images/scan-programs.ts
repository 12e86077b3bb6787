import { type GoTools, type ScanOutcome, scanner } from './go-tools.ts';
import type { VulnerabilityCheck } from './manifest.ts';
import type { Finding, Scan } from './vulnerabilities.ts';

export interface ScannedPrograms {
  readonly check: VulnerabilityCheck;
  /** By program; nothing about any of them unless all were checked. */
  readonly findings: ReadonlyMap<string, readonly Finding[]>;
}

const scannerName = `${scanner.name} ${scanner.version}`;

/**
 * Looks up every program. One that could not be looked up makes all of them "not checked": a list that is silent about
 * a program would read as a clean one.
 */
export async function scanPrograms(
  programs: readonly { readonly name: string; readonly path: string }[],
  go: Pick<GoTools, 'scan'>,
  database: string | undefined,
): Promise<ScannedPrograms> {
  const scans = new Map<string, Scan>();
  for (const { name, path } of programs) {
    const outcome: ScanOutcome = await go.scan(path, database);
    if ('notChecked' in outcome) return notChecked(outcome.notChecked);
    scans.set(name, outcome.scan);
  }
  const [first] = scans.values();
  if (first === undefined) return notChecked('there was no program to check');
  return {
    check: {
      status: 'checked',
      scanner: scannerName,
      database: first.database,
      ...(first.lastModified !== '' && { lastModified: first.lastModified }),
    },
    findings: new Map([...scans].map(([name, scan]) => [name, scan.findings])),
  };
}

function notChecked(reason: string): ScannedPrograms {
  return { check: { status: 'not checked', scanner: scannerName, reason }, findings: new Map() };
}
