import { randomInt } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { runProgram } from '../../../src/process/run-program.ts';

/*
 * A network of this test's own: a bridge with a namespace for each task, as ECS gives each task an interface. Nothing
 * of it reaches another machine. Needs root.
 */

const path = '/usr/sbin:/usr/bin:/sbin:/bin';

export interface Host {
  /** Of the network namespace. */
  readonly namespace: string;
  readonly address: string;
}

/** A bridge with hosts on it. The machine itself is `address`. */
export class TestNetwork implements AsyncDisposable {
  readonly #bridge: string;
  readonly #prefix: string;
  readonly #hosts: Host[] = [];
  #next = 2;

  private constructor(bridge: string, prefix: string) {
    this.#bridge = bridge;
    this.#prefix = prefix;
  }

  static async begin(): Promise<TestNetwork> {
    const number = randomInt(0x10000);
    // 198.18.0.0/15 is for measurements (RFC 2544): no real network has it.
    const prefix = `198.${18 + (number >> 15)}.${number & 0xff}`;
    const network = new TestNetwork(`sg${number.toString(16)}`, prefix);
    // With none of its own a bridge takes the lowest one of its hosts: each new host could change it, and nobody would
    // find this machine any more until it has been asked for anew.
    await ip('link', 'add', network.#bridge, 'address', '02:00:00:00:00:01', 'type', 'bridge');
    await ip('addr', 'add', `${network.address}/24`, 'dev', network.#bridge);
    await ip('link', 'set', network.#bridge, 'up');
    return network;
  }

  /** Address of this machine on the bridge. */
  get address(): string {
    return `${this.#prefix}.1`;
  }

  /** Gives this machine another address on the bridge. */
  async addAddress(): Promise<string> {
    const address = `${this.#prefix}.${this.#next++}`;
    await ip('addr', 'add', `${address}/24`, 'dev', this.#bridge);
    return address;
  }

  /** Adds a host that asks this machine for names. */
  async addHost(): Promise<Host> {
    const number = this.#next++;
    const namespace = `${this.#bridge}-${number}`;
    const host = { namespace, address: `${this.#prefix}.${number}` };
    const [outside, inside] = [`${this.#bridge}o${number}`, `${this.#bridge}i${number}`];
    await ip('netns', 'add', namespace);
    this.#hosts.push(host);
    await ip('link', 'add', outside, 'type', 'veth', 'peer', 'name', inside, 'netns', namespace);
    await ip('link', 'set', outside, 'master', this.#bridge, 'up');
    await ip('-n', namespace, 'addr', 'add', `${host.address}/24`, 'dev', inside);
    await ip('-n', namespace, 'link', 'set', inside, 'up');
    await ip('-n', namespace, 'link', 'set', 'lo', 'up');
    // `ip netns exec` puts these files over those in /etc.
    await mkdir(`/etc/netns/${namespace}`, { recursive: true });
    await writeFile(
      `/etc/netns/${namespace}/resolv.conf`,
      `nameserver ${this.address}\noptions timeout:5 attempts:6\n`,
    );
    await writeFile(`/etc/netns/${namespace}/hosts`, '127.0.0.1 localhost\n');
    return host;
  }

  async removeHost({ namespace }: Host): Promise<void> {
    await ip('netns', 'del', namespace);
    await rm(`/etc/netns/${namespace}`, { recursive: true, force: true });
    this.#hosts.splice(
      this.#hosts.findIndex((host) => host.namespace === namespace),
      1,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const host of [...this.#hosts]) await this.removeHost(host);
    await ip('link', 'del', this.#bridge);
  }
}

/** Returns the command line that runs a program on a host. */
export function onHost({ namespace }: Host, ...words: readonly string[]): readonly string[] {
  return ['netns', 'exec', namespace, ...words];
}

async function ip(...args: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await runProgram({ file: 'ip', args, env: { PATH: path }, timeoutMs: 20_000 });
  if (exitCode !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr.trim()}`);
}
