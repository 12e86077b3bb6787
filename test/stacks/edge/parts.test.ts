// Each file that loads aws-cdk-lib takes a second longer, so these are one.
import './firewall.cases.ts';
import './oidc.cases.ts';
import './private.cases.ts';
import './refusals.cases.ts';
