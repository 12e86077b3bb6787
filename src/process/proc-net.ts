/** One socket of `/proc/net/tcp` or `/proc/net/tcp6` (proc(5)). */
export interface Row {
  readonly address: string;
  readonly port: number;
  readonly listening: boolean;
  readonly uid: number;
  readonly inode: string;
}

/** Parses `/proc/net/tcp` or `/proc/net/tcp6` of a little-endian machine. */
export function parseNetTcp(table: string): readonly Row[] {
  return table.split('\n').flatMap((line) => {
    const [, local, , state, , , , uid, , inode] = line.trim().split(/\s+/);
    const [, address, port] = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/.exec(local ?? '') ?? [];
    if (address === undefined || port === undefined || inode === undefined) return [];
    return [
      {
        address: addressOf(address),
        port: Number.parseInt(port, 16),
        listening: state === '0A',
        uid: Number(uid),
        inode,
      },
    ];
  });
}

/** The kernel prints each 32-bit word of an address as a number of this machine, so its bytes are reversed. */
function addressOf(hex: string): string {
  const bytes = [...Buffer.from(hex, 'hex')];
  const inOrder = bytes.map((_, index) => bytes[(index & ~3) + 3 - (index & 3)] ?? 0);
  if (inOrder.length === 4) return inOrder.join('.');
  const groups = Buffer.from(inOrder).toString('hex').match(/.{4}/g) ?? [];
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
