import { App, CfnWaitConditionHandle, Stack } from 'aws-cdk-lib';

/* The least that may be deployed: one stack, and in it a resource that is nothing. */
const app = new App();
const stack = new Stack(app, 'Empty', { env: { account: '012345678901', region: 'eu-central-1' } });
new CfnWaitConditionHandle(stack, 'Nothing');
app.synth();
