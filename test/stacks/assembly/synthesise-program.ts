import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { instanceOf, profiles, synthesise } from './synthesise.ts';

/* node synthesise-program.ts DIRECTORY: writes what each profile makes, and once more what the first one makes. */
const directory = process.argv[2] ?? '';

for (const profile of profiles) {
  const instance = await instanceOf(profile);
  write(profile);
  if (profile === 'ha-public') write('again');

  function write(name: string): void {
    const { instance: _, ...made } = synthesise(instance);
    writeFileSync(join(directory, `${name}.json`), JSON.stringify(made));
  }
}
