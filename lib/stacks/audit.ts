import { CfnOutput, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { CfnRule } from 'aws-cdk-lib/aws-events';
import { CfnLogGroup, CfnResourcePolicy } from 'aws-cdk-lib/aws-logs';
import { CfnTopic, CfnTopicPolicy } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import type { AuditRule } from '../access/audit-rule.ts';
import { auditRules } from '../access/audit-rules.ts';
import { logicalId } from '../access/logical-id.ts';
import { policyOf, type Statement } from '../access/statement.ts';
import { AuditTrail } from '../constructs/audit-trail.ts';
import { defaultRunbook } from '../constructs/runbook-alarm.ts';
import type { Deployment } from '../deployment.ts';

export interface AuditStackProps extends StackProps {
  readonly deployment: Deployment;
  readonly region: string;
  /** Whether it watches the keys' account or the main one. Where both are one account, `keys` is not deployed. */
  readonly account: 'main' | 'keys';
  /** Qualifier of `cdk bootstrap` in the main account. @default hnb659fds */
  readonly qualifier?: string;
  /** Where operators read the runbook, before `#`. @default docs/operator-runbook.md */
  readonly runbook?: string;
}

/**
 * Who signed, who changed a policy, who deleted: rules on the events of CloudTrail, in each account and region, and one
 * trail per account.
 *
 * Events of KMS appear in the caller's account and in the key's, and only the caller's says which role called.
 */
export class AuditStack extends Stack {
  readonly topicArn: string;

  constructor(scope: Construct, id: string, props: AuditStackProps) {
    const { deployment, region, account: side, qualifier, runbook: _, ...rest } = props;
    const { names } = deployment;
    const account = side === 'main' ? names.account : names.keysAccount;
    super(scope, id, { ...rest, env: { account, region }, terminationProtection: true });
    const topic = this.#addTopic(account, names.instance);
    this.topicArn = topic.ref;
    const logArn = this.#addLog(deployment, account);
    for (const rule of auditRules(deployment, { side, region, qualifier })) this.#addRule(rule, logArn, props);
    if (region === names.writeRegion) new AuditTrail(this, 'Trail', { deployment, account, side, qualifier });
    new CfnOutput(this, 'AuditTopicArn', { value: this.topicArn });
  }

  #addTopic(account: string, instance: string): CfnTopic {
    const topic = new CfnTopic(this, 'Topic', { topicName: `${instance}-audit` });
    const publish: Statement = {
      ...{ Sid: 'Rules', Effect: 'Allow', Principal: { Service: 'events.amazonaws.com' } },
      ...{ Action: 'sns:Publish', Resource: topic.ref },
      Condition: { StringEquals: { 'aws:SourceAccount': account } },
    };
    const onlyTls: Statement = {
      ...{ Sid: 'OnlyTls', Effect: 'Deny', Principal: '*', Action: 'sns:Publish', Resource: topic.ref },
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    };
    new CfnTopicPolicy(this, 'TopicPolicy', { topics: [topic.ref], policyDocument: policyOf(publish, onlyTls) });
    return topic;
  }

  #addLog({ names }: Deployment, account: string): string {
    const group = new CfnLogGroup(this, 'Log', {
      // EventBridge writes only to groups whose names begin like this.
      logGroupName: `/aws/events${names.logGroup('audit')}`,
      retentionInDays: 400,
    });
    group.applyRemovalPolicy(RemovalPolicy.RETAIN);
    const arn = `arn:${this.partition}:logs:${this.region}:${account}:log-group:${group.logGroupName}:*`;
    const write = {
      ...{ Sid: 'Rules', Effect: 'Allow' },
      Principal: { Service: ['events.amazonaws.com', 'delivery.logs.amazonaws.com'] },
      ...{ Action: ['logs:CreateLogStream', 'logs:PutLogEvents'], Resource: arn },
    };
    const policyDocument = this.toJsonString({ Version: '2012-10-17', Statement: [write] });
    new CfnResourcePolicy(this, 'LogPolicy', { policyName: `${names.instance}-audit`, policyDocument });
    return arn.replace(/:\*$/, '');
  }

  #addRule(rule: AuditRule, logArn: string, { deployment, runbook = defaultRunbook }: AuditStackProps): void {
    const { id, description, pattern, alarming } = rule;
    const { alerts, record } = { alerts: { id: 'alerts', arn: this.topicArn }, record: { id: 'record', arn: logArn } };
    new CfnRule(this, `${logicalId(id)}Rule`, {
      // Alarms count what triggers a rule by its name.
      name: deployment.names.auditRule(id),
      description: `${description}: ${runbook}#${rule.runbook}`,
      eventPattern: pattern,
      // The only state in which read-only events arrive, and Sign is one. `Rule` has no way to say it.
      state: 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS',
      targets: alarming ? [alerts, record] : [record],
    });
  }
}
