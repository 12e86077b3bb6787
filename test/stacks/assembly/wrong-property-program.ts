import { Stack } from 'aws-cdk-lib';
import { CfnTaskDefinition } from 'aws-cdk-lib/aws-ecs';
import { newApp } from './synthesise.ts';

/* An app with the context of cdk.json, and a task of a size that Fargate has not: synthesis must end with 1. */
const app = newApp();
const stack = new Stack(app, 'Wrong', { env: { account: '012345678901', region: 'eu-central-1' } });
new CfnTaskDefinition(stack, 'Task', {
  ...{ requiresCompatibilities: ['FARGATE'], networkMode: 'awsvpc' },
  ...{ cpu: process.argv[2] ?? '', memory: '512', containerDefinitions: [{ name: 'server', image: 'server' }] },
});
app.synth();
