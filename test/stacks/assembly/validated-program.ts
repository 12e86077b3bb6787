import { addNag } from '../../../lib/guardrails/nag.ts';
import { composeInstance } from '../../../lib/instance-stacks.ts';
import { instanceOf, newApp } from './synthesise.ts';

/* The whole instance of examples/production.yaml, with the rules of aws-cdk-lib and of cdk-nag. */
const instance = await instanceOf('ha-public');
const app = newApp();
composeInstance(app, instance);
addNag(app, instance);
app.synth();
