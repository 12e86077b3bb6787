import { describe, expect, it } from '@jest/globals';
import { isPlainName, metadataPath, targetPath } from '../../../src/tuf/layout.ts';

describe('metadataPath', () => {
  it('puts the version before every role but the timestamp', () => {
    expect(metadataPath('root', 12)).toBe('12.root.json');
    expect(metadataPath('timestamp', 12)).toBe('timestamp.json');
  });
});

describe('targetPath', () => {
  it('puts the hash before the name, inside its directory', () => {
    expect(targetPath('trusted_root.json', 'ab')).toBe('targets/ab.trusted_root.json');
    expect(targetPath('packages.example.org/keys.json', 'ab')).toBe('targets/packages.example.org/ab.keys.json');
  });
});

describe('isPlainName', () => {
  it.each(['trusted_root.json', 'a/b.c', 'v0.2+x', 'key@1'])('accepts %s', (name) =>
    expect(isPlainName(name)).toBe(true),
  );
  it.each(['', '.', '..', 'a/', '/a', '-rf', 'a\n', 'é'])('refuses %p', (name) =>
    expect(isPlainName(name)).toBe(false),
  );
});
