export interface LsofSocket {
  readonly pid: number;
  readonly command: string;
  readonly address: string;
  readonly port: number;
}

/** Parses `lsof -nP -Fpcn`: lines that begin with `p` (pid), `c` (command), `f` (file, ignored) and `n` (`ADDRESS:PORT`). */
export function parseLsof(output: string): readonly LsofSocket[] {
  const sockets: LsofSocket[] = [];
  let pid = 0;
  let command = '';
  for (const line of output.split('\n')) {
    const value = line.slice(1);
    if (line.startsWith('p')) pid = Number(value);
    if (line.startsWith('c')) command = value;
    const [, host, port] = (line.startsWith('n') && /^(.*):(\d+)$/.exec(value)) || [];
    if (host !== undefined) sockets.push({ pid, command, address: addressOf(host), port: Number(port) });
  }
  return sockets;
}

/** lsof writes `*` for every interface, and v6 addresses in brackets. */
function addressOf(host: string): string {
  return host === '*' ? '::' : host.replace(/^\[(.*)\]$/, '$1');
}
