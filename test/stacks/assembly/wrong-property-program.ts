import { Stack } from 'aws-cdk-lib';
import { CfnTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import { newApp } from './synthesise.ts';

/* An app with the context of cdk.json, and two tasks: of a size that Fargate has, and of one that it has not. */
const app = newApp();
const stack = new Stack(app, 'Sizes', { env: { account: '012345678901', region: 'eu-central-1' } });
for (const [id, cpu] of [
  ['Right', '256'],
  ['Wrong', '300'],
] as const) {
  new CfnTaskDefinition(stack, id, {
    ...{ requiresCompatibilities: ['FARGATE'], networkMode: 'awsvpc' },
    ...{ cpu, memory: '512', containerDefinitions: [{ name: 'server', image: 'server' }] },
  });
}
app.synth();
