import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { Signatory } from '../../bench/load/signatory.ts';
import { tokenOfNobody } from '../support/aws/load.ts';
import { deployedLogs } from '../support/aws/log-state.ts';
import type { ServiceTask } from '../support/aws/services.ts';
import type { Stage } from '../support/aws/stage.ts';

export function writerCases(stage: () => Stage): void {
  it('lets only holders of a certificate write to Rekor, once the configuration says so', async () => {
    const { aws, clients, anchor, expected, token, config } = stage();
    const { rekor } = await deployedLogs(aws);
    const text = await readFile(config, 'utf8');
    await writeFile(config, text.replace('writers: anyone', 'writers: certificate'));
    const gated = await replaceTask(stage(), rekor.id);

    const [artifact, bundle] = [join(aws.directory, 'gated'), join(aws.directory, 'gated.sigstore.json')];
    await writeFile(artifact, 'something else to sign\n');
    const signing = { anchor, home: join(aws.directory, 'home-cosign'), artifact, bundle };
    await clients.cosign.sign({ ...signing, identityToken: await token() });
    expect(await clients.cosign.verify({ ...signing, expected })).toEqual({ accepted: true });

    expect(await post(gated, 3000)).toMatchObject({
      status: 403,
      message: expect.stringContaining('expected a certificate, not a key'),
    });
    // Its gate is the only way to Rekor.
    await expect(post(gated, 3002)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });

    await writeFile(config, text);
    const open = await replaceTask(stage(), rekor.id);
    expect(await post(open, 3000)).toMatchObject({ status: 201 });
  }, 300_000);
}

/** Deploys the service as it is configured now, and does what ECS does then: starts its new task, and stops the old one. */
async function replaceTask({ services, redeploy }: Stage, id: string): Promise<ServiceTask> {
  const old = services.tasks.find(({ service }) => service === id);
  await redeploy(id.replace(/^rekor/, 'acme-Rekor'));
  const task = await services.start(id);
  if (old) await services.stop(old, 75_000);
  return task;
}

async function post({ address }: ServiceTask, port: number) {
  const { path, body = new Uint8Array() } = new Signatory(tokenOfNobody).logEntry();
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`http://${address}:${port}${path}`, { method: 'POST', headers, body: Buffer.from(body) });
  const { message } = (await answer.json()) as { message?: string };
  return { status: answer.status, message };
}
