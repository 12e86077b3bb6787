import { describe, expect, it } from '@jest/globals';
import { Match, type Template } from 'aws-cdk-lib/assertions';
import { synthesiseEdge, zone } from './fixture.ts';

const { template } = synthesiseEdge({ zone });
const closed = synthesiseEdge({ zone, access: 'private', writers: 'network' });
const restricted = synthesiseEdge({ zone, writers: 'network', clientNetworks: '[203.0.113.0/24]' });

interface Rule {
  readonly Name: string;
  readonly Priority: number;
  readonly Action: unknown;
  readonly Statement: unknown;
}

function rulesOf(of: Template): readonly Rule[] {
  const [acl] = Object.values(of.findResources('AWS::WAFv2::WebACL'));
  return acl?.['Properties'].Rules as readonly Rule[];
}

function rule(of: Template, name: string): Rule {
  const found = rulesOf(of).find(({ Name }) => Name === name);
  if (found === undefined) throw new Error(`no rule ${name}`);
  return found;
}

describe('WriteFirewall', () => {
  it('denies by default, and is in front of the load balancer', () => {
    template.hasResourceProperties('AWS::WAFv2::WebACL', {
      Scope: 'REGIONAL',
      DefaultAction: { Block: { CustomResponse: { ResponseCode: 404 } } },
    });
    template.resourceCountIs('AWS::WAFv2::WebACLAssociation', 1);
    expect(rulesOf(template).map(({ Name }) => Name)).toEqual([
      'write-rate',
      'read-rate',
      'body-without-length',
      'body-above-65536',
      'body-above-16384',
      'admitted',
    ]);
  });

  it('counts by the viewer that CloudFront names, never by what a viewer sent', () => {
    expect(rule(template, 'write-rate')).toMatchObject({
      Statement: {
        RateBasedStatement: {
          Limit: 600,
          EvaluationWindowSec: 60,
          AggregateKeyType: 'CUSTOM_KEYS',
          CustomKeys: [{ Header: { Name: 'x-sigstead-viewer' } }],
        },
      },
    });
    expect(rule(closed.template, 'write-rate')).toMatchObject({
      Statement: { RateBasedStatement: { AggregateKeyType: 'IP' } },
    });
  });

  it('holds bodies to the limit of their host', () => {
    expect(JSON.stringify(rule(template, 'body-above-16384'))).toContain('tsa-1.sigstore.acme.example');
    expect(JSON.stringify(rule(template, 'body-above-16384'))).not.toContain('fulcio');
    expect(JSON.stringify(rule(template, 'body-above-65536'))).toContain('fulcio.sigstore.acme.example');
    expect(rule(template, 'body-above-65536').Action).toEqual({ Block: { CustomResponse: { ResponseCode: 413 } } });
    expect(rule(template, 'body-without-length').Action).toEqual({ Block: { CustomResponse: { ResponseCode: 411 } } });
  });

  it('admits by host, method and path; the CT log is not reached this way', () => {
    const admitted = JSON.stringify(rule(template, 'admitted'));
    expect(admitted).toContain('/api/v2/log/entries');
    expect(admitted).toContain('/api/v2/signingCert');
    expect(admitted).not.toContain('ct2026-1');
    expect(admitted).not.toContain('tuf.sigstore');
    expect(JSON.stringify(rule(closed.template, 'admitted'))).toContain('tuf.sigstore');
  });

  it('lets only the given networks write to Rekor', () => {
    template.resourceCountIs('AWS::WAFv2::IPSet', 0);
    restricted.template.hasResourceProperties('AWS::WAFv2::IPSet', { Addresses: ['203.0.113.0/24'] });
    closed.template.hasResourceProperties('AWS::WAFv2::IPSet', { Addresses: ['10.0.0.0/8', '10.64.0.0/16'] });
    const writers = JSON.stringify(rule(restricted.template, 'writers'));
    expect(writers).toContain('x-sigstead-viewer');
    expect(writers).toContain('NO_MATCH');
    expect(writers).toContain('log2026-1.sigstore.acme.example');
    expect(writers).not.toContain('fulcio');
    expect(JSON.stringify(rule(closed.template, 'writers'))).not.toContain('x-sigstead-viewer');
  });

  it('keeps no token in its log, and no sample', () => {
    template.hasResourceProperties('AWS::WAFv2::LoggingConfiguration', {
      RedactedFields: [{ SingleHeader: { Name: 'authorization' } }],
    });
    template.hasResourceProperties('AWS::Logs::LogGroup', { LogGroupName: Match.stringLikeRegexp('^aws-waf-logs-') });
    expect(JSON.stringify(template.toJSON())).not.toContain('"SampledRequestsEnabled":true');
  });
});
