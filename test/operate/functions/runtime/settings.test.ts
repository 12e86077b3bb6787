import { describe, expect, it } from '@jest/globals';
import { logsShape, readUrl } from '../../../../operate/functions/runtime/known-logs.ts';
import { FunctionSettings } from '../../../../operate/functions/runtime/settings.ts';

describe('FunctionSettings', () => {
  const log = { service: 'ct-a', kind: 'ct', origin: 'a.example', url: 'https://a.example' } as const;
  const settings = new FunctionSettings({
    INSTANCE: 'acme',
    EMPTY: '',
    LOGS: JSON.stringify([log]),
    BAD: '[{"service":"ct-a"}]',
    LAMBDA_TASK_ROOT: '/var/task',
  });

  it('returns what is set', () => {
    expect(settings.text('INSTANCE')).toBe('acme');
    expect(settings.json('LOGS', logsShape)).toEqual([log]);
    expect(settings.packedPath('root.json')).toBe('/var/task/root.json');
  });

  it.each(['ABSENT', 'EMPTY'])('refuses to go on without %s', (name) => {
    expect(() => settings.text(name)).toThrowToolkit('OPS_FUNCTION_SETTING', { name });
    expect(settings.optional(name)).toBeUndefined();
  });

  it('refuses a document of another form', () => {
    expect(() => settings.json('BAD', logsShape)).toThrowToolkit('OPS_FUNCTION_SETTING');
    expect(() => settings.json('INSTANCE', logsShape)).toThrowToolkit('CORE_JSON');
  });
});

describe('readUrl', () => {
  it('reads below the API of Rekor, and at the top of a CT log', () => {
    const log = { service: 'x', origin: 'x', url: 'https://x.example' };
    expect(readUrl({ ...log, kind: 'rekor' }, 'checkpoint')).toBe('https://x.example/api/v2/checkpoint');
    expect(readUrl({ ...log, kind: 'ct' }, 'tile/0/000')).toBe('https://x.example/tile/0/000');
  });
});
