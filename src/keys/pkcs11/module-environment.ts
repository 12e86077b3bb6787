import { ToolkitError } from '../../core/error.ts';

/**
 * Sets an environment variable for native code of this process, e.g. `SOFTHSM2_CONF`: PKCS#11 has no other way to say
 * where a module finds its configuration. Call it before the module is opened.
 * @throws KEY_MODULE_ENVIRONMENT
 */
export async function exportToModules(name: string, value: string): Promise<void> {
  const { default: koffi } = await import('koffi');
  // By the C library itself: what JavaScript calls the environment may be a copy.
  const setenv = koffi.load(null).func('setenv', 'int', ['str', 'str', 'int']) as (...args: unknown[]) => number;
  if (setenv(name, value, 1) === 0) return;
  throw new ToolkitError('KEY_MODULE_ENVIRONMENT', {
    message: `${name}: cannot be set for PKCS#11 modules`,
    fault: 'environment',
    data: { name },
    hint: 'set it before the command is started',
  });
}
