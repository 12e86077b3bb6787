import { RemovalPolicy } from 'aws-cdk-lib';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { CfnIPSet, CfnLoggingConfiguration, CfnWebACL, CfnWebACLAssociation } from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';
import type { EdgeLimits, ForwardRoute } from '../../src/services/edge.ts';
import type { EdgeHost } from '../edge-hosts.ts';
import { numberAbovePattern } from './content-length.ts';
import { viewerAddressHeader } from './edge-code.ts';

export interface WriteFirewallProps {
  /** Unique in the account and region. */
  readonly name: string;
  readonly loadBalancerArn: string;
  readonly hosts: readonly EdgeHost[];
  readonly limits: EdgeLimits;
  /**
   * `viewer`: everything comes from CloudFront, and the edge's header says from whom.
   * `connection`: clients connect themselves.
   */
  readonly client: 'viewer' | 'connection';
  /** IPv4 ranges that alone may write to Rekor. @default - anyone who reaches it */
  readonly writers?: readonly string[];
  /** Whether read paths are served by the load balancer too. */
  readonly reads: boolean;
}

type Statement = CfnWebACL.StatementProperty;
type Rule = Omit<CfnWebACL.RuleProperty, 'priority' | 'visibilityConfig'>;

const windowSeconds = 60;

/**
 * AWS WAF in front of the load balancer: denies by default, and admits by host, method and path what the services' data
 * admits, within the same limits.
 *
 * No managed rules: they find SQL and scripts in base64. No limit on the body itself: WAF sees the first 8 KB of it, so
 * the length is taken from its header, and a body without one is refused.
 */
export class WriteFirewall extends Construct {
  readonly arn: string;

  constructor(scope: Construct, id: string, props: WriteFirewallProps) {
    super(scope, id);
    const rules = [...limitRules(props), ...this.#writerRules(props), ...bodyRules(props), admission(props)];
    const acl = new CfnWebACL(this, 'Acl', {
      name: props.name,
      scope: 'REGIONAL',
      defaultAction: { block: { customResponse: { responseCode: 404 } } },
      visibilityConfig: visibility(props.name),
      rules: rules.map((rule, priority) => ({ ...rule, priority, visibilityConfig: visibility(rule.name) })),
    });
    this.arn = acl.attrArn;
    new CfnWebACLAssociation(this, 'Association', { webAclArn: acl.attrArn, resourceArn: props.loadBalancerArn });
    this.#log(acl, props.name);
  }

  #writerRules({ writers, hosts, name, client }: WriteFirewallProps): readonly Rule[] {
    if (writers === undefined) return [];
    const rekor = hosts.filter(({ edge }) => edge.service === 'rekor');
    if (rekor.length === 0) return [];
    const set = new CfnIPSet(this, 'Writers', {
      name: `${name}-writers`,
      scope: 'REGIONAL',
      ipAddressVersion: 'IPV4',
      addresses: [...writers],
    });
    const known: Statement = {
      ipSetReferenceStatement: {
        arn: set.attrArn,
        ...(client === 'viewer' && {
          ipSetForwardedIpConfig: {
            headerName: viewerAddressHeader,
            // An address that cannot be read is nobody's.
            fallbackBehavior: 'NO_MATCH',
            position: 'FIRST',
          },
        }),
      },
    };
    const writes = all([any(rekor.map(({ host }) => hostIs(host))), methodIs('POST')]);
    return [{ name: 'writers', action: block(403), statement: all([writes, not(known)]) }];
  }

  #log(acl: CfnWebACL, name: string): void {
    // The prefix is what WAF asks for.
    const group = new LogGroup(this, 'Log', {
      logGroupName: `aws-waf-logs-${name}`,
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    new CfnLoggingConfiguration(this, 'Logging', {
      resourceArn: acl.attrArn,
      logDestinationConfigs: [group.logGroupArn.replace(/:\*$/, '')],
      // ID tokens of people who sign.
      redactedFields: [{ singleHeader: { Name: 'authorization' } }],
      loggingFilter: {
        DefaultBehavior: 'DROP',
        Filters: [
          { Behavior: 'KEEP', Requirement: 'MEETS_ANY', Conditions: [{ ActionCondition: { Action: 'BLOCK' } }] },
        ],
      },
    });
  }
}

function limitRules({ limits, client }: WriteFirewallProps): readonly Rule[] {
  const rate = (name: string, perSecond: number, scopeDown: Statement): Rule => ({
    name,
    action: block(429),
    statement: {
      rateBasedStatement: {
        limit: perSecond * windowSeconds,
        evaluationWindowSec: windowSeconds,
        ...(client === 'viewer'
          ? {
              aggregateKeyType: 'CUSTOM_KEYS',
              customKeys: [{ header: { name: viewerAddressHeader, textTransformations: untransformed } }],
            }
          : { aggregateKeyType: 'IP' }),
        scopeDownStatement: scopeDown,
      },
    },
  });
  return [
    rate('write-rate', limits.writes.perSecond, methodIs('POST')),
    rate('read-rate', limits.reads.perSecond, not(methodIs('POST'))),
  ];
}

function bodyRules({ hosts }: WriteFirewallProps): readonly Rule[] {
  const unmeasured = all([
    methodIs('POST'),
    not({
      regexMatchStatement: {
        regexString: '^[0-9]{1,15}$',
        fieldToMatch: header('content-length'),
        textTransformations: untransformed,
      },
    }),
  ]);
  const posts = hosts.flatMap(({ host, edge }) =>
    forwardsOf(edge.routes)
      .filter(({ method }) => method === 'POST')
      .map((route) => ({ host, route })),
  );
  const bySize = Map.groupBy(posts, ({ route }) => route.maxBodyBytes);
  return [
    { name: 'body-without-length', action: block(411), statement: unmeasured },
    ...[...bySize].map(([max, group]) => ({
      name: `body-above-${max}`,
      action: block(413),
      statement: all([
        any(group.map(({ host }) => hostIs(host))),
        {
          regexMatchStatement: {
            regexString: numberAbovePattern(max),
            fieldToMatch: header('content-length'),
            textTransformations: untransformed,
          },
        },
      ]),
    })),
  ];
}

/** One rule with everything that is admitted: what no branch of it matches is answered by the default, 404. */
function admission({ hosts, reads }: WriteFirewallProps): Rule {
  const branches = hosts.flatMap(({ host, edge }) => [
    ...forwardsOf(edge.routes).map(({ method, path }) => all([hostIs(host), methodIs(method), pathIs(path)])),
    ...(reads && edge.routes.some(({ kind }) => kind === 'read')
      ? [all([hostIs(host), any([methodIs('GET'), methodIs('HEAD')])])]
      : []),
  ]);
  return { name: 'admitted', action: { allow: {} }, statement: any(branches) };
}

function forwardsOf(routes: EdgeHost['edge']['routes']): readonly ForwardRoute[] {
  return routes.filter((route) => route.kind === 'forward');
}

const untransformed = [{ priority: 0, type: 'NONE' }];

function block(responseCode: number): CfnWebACL.RuleActionProperty {
  return { block: { customResponse: { responseCode } } };
}

function hostIs(host: string): Statement {
  return exactly(host, header('host'), 'LOWERCASE');
}

function methodIs(method: string): Statement {
  return exactly(method, { method: {} });
}

function pathIs(path: string): Statement {
  return exactly(path, { uriPath: {} });
}

function exactly(searchString: string, fieldToMatch: CfnWebACL.FieldToMatchProperty, type = 'NONE'): Statement {
  return {
    byteMatchStatement: {
      searchString,
      fieldToMatch,
      positionalConstraint: 'EXACTLY',
      textTransformations: [{ priority: 0, type }],
    },
  };
}

function header(name: string): CfnWebACL.FieldToMatchProperty {
  return { singleHeader: { Name: name } };
}

/** WAF takes two branches or more. */
function any(statements: readonly Statement[]): Statement {
  const [only, ...more] = statements;
  return more.length === 0 && only !== undefined ? only : { orStatement: { statements: [...statements] } };
}

function all(statements: readonly Statement[]): Statement {
  return { andStatement: { statements: [...statements] } };
}

function not(statement: Statement): Statement {
  return { notStatement: { statement } };
}

function visibility(metricName: string): CfnWebACL.VisibilityConfigProperty {
  // A sample would hold headers, and with them tokens.
  return { metricName, cloudWatchMetricsEnabled: true, sampledRequestsEnabled: false };
}
