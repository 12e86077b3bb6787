// Each file that loads aws-cdk-lib takes a second longer, so these are one.
import './gate.cases.ts';
import './hsm.cases.ts';
import './programs.cases.ts';
import './tink.cases.ts';
