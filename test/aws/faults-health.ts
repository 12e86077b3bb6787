import { expect, it } from '@jest/globals';
import { deployedLogs } from '../support/aws/log-state.ts';
import type { Stage } from '../support/aws/stage.ts';

export function healthCases(stage: () => Stage): void {
  it('tells by the health check of its definition that a CT log hangs, which no load balancer would', async () => {
    const { aws, services } = stage();
    const { ct } = await deployedLogs(aws);
    const task = services.tasks.find(({ service }) => service === ct.id);
    await task?.signal('SIGSTOP');
    const hanging = await task?.checkHealth();
    await task?.signal('SIGCONT');
    expect(hanging).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/^entry: error: health: .*deadline/) });
    expect(await task?.checkHealth()).toMatchObject({ exitCode: 0, stderr: '' });
  }, 60_000);
}
