// Each file that loads aws-cdk-lib takes a second longer, so these are one.
import './logs.cases.ts';
import './network.cases.ts';
import './services.cases.ts';
