import { waitFor } from '../../src/core/wait.ts';
import type { ServiceTask } from '../support/aws/services.ts';
import type { Stage } from '../support/aws/stage.ts';

/** Runs a task of a registered definition to its end, and returns its exit code and the end of its log. */
async function runToItsEnd({ services }: Stage, run: { service: string; family: string; timeoutMs: number }) {
  const { service, family, timeoutMs } = run;
  const task = await services.run(await services.definition(family), service);
  let end: { readonly code: number | null } | undefined;
  void task.exited.then((ended) => {
    end = ended;
  });
  const { code } = await waitFor(() => end, { what: `the end of ${family}`, timeoutMs, intervalMs: 100 });
  await services.stop(task, 0);
  return { code, said: task.tail() };
}

/** Tries to start a log again, and returns how its gate ended it. */
export async function startAgain(stage: Stage, service: string) {
  return await runToItsEnd(stage, { service, family: `acme-${service}`, timeoutMs: 30_000 });
}

/** Runs the one-off task that freezes a log. It watches the log for a minute. */
export async function freeze(stage: Stage, service: string) {
  return await runToItsEnd(stage, { service, family: `acme-${service}-freeze`, timeoutMs: 90_000 });
}

/** Stops every task of a service as ECS does, which waits for what the task is doing. */
export async function stopAll({ services }: Stage, id: string): Promise<void> {
  const tasks: readonly ServiceTask[] = services.tasks.filter(({ service }) => service === id);
  for (const task of tasks) await services.stop(task, 60_000);
}
