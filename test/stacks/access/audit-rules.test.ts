// Each file that loads aws-cdk-lib takes a second longer, so these are one.
import './audit-paths.cases.ts';
import './audit-patterns.cases.ts';
import './audit-people.cases.ts';
