import { Annotations, Duration } from 'aws-cdk-lib';
import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import {
  AllowedMethods,
  type BehaviorOptions,
  CachedMethods,
  CachePolicy,
  Distribution,
  Function as EdgeFunction,
  type ErrorResponse,
  FunctionCode,
  FunctionEventType,
  FunctionRuntime,
  HttpVersion,
  type ICachePolicy,
  type IOrigin,
  type IResponseHeadersPolicy,
  type IVpcOrigin,
  OriginRequestPolicy,
  SecurityPolicyProtocol,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront';
import { S3BucketOrigin, VpcOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { ToolkitError } from '../../src/core/error.ts';
import type { ForwardRoute } from '../../src/services/edge.ts';
import type { ReadEntry } from '../../src/services/edge-paths.ts';
import type { EdgeHost } from '../edge-hosts.ts';
import { edgeFunctionCode, maxEdgeCodeBytes } from './edge-code.ts';

/** What all distributions of a stack share. */
export interface DistributionPolicies {
  /** Honours what the origin says of each file; nothing is kept that says nothing. */
  readonly reads: ICachePolicy;
  readonly readHeaders: IResponseHeadersPolicy;
  readonly writeHeaders: IResponseHeadersPolicy;
}

export interface ReadDistributionProps {
  readonly host: EdgeHost;
  readonly instance: string;
  readonly policies: DistributionPolicies;
  /** Where the files of the read path are; needed by a host with one. */
  readonly bucket?: { readonly name: string; readonly region: string };
  /** The load balancer; needed by a host with routes to servers. */
  readonly servers?: IVpcOrigin;
  /** In us-east-1, for the name of the host. @default - the distribution's own name and certificate */
  readonly certificate?: ICertificate;
}

/** One host of the public edge: files from a bucket, requests to a server, and a function that admits nothing else. */
export class ReadDistribution extends Construct {
  readonly distribution: Distribution;

  constructor(scope: Construct, id: string, props: ReadDistributionProps) {
    super(scope, id);
    const { host, certificate } = props;
    const behaviours = this.#behaviours(props);
    this.distribution = new Distribution(this, 'Distribution', {
      comment: `${props.instance}: ${host.host}`,
      ...behaviours,
      httpVersion: HttpVersion.HTTP2_AND_3,
      minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021,
      errorResponses: errorsAreNeverKept,
      ...(certificate && { certificate, domainNames: [host.host] }),
    });
  }

  #behaviours(props: ReadDistributionProps): {
    readonly defaultBehavior: BehaviorOptions;
    readonly additionalBehaviors: Record<string, BehaviorOptions>;
  } {
    const { routes } = props.host.edge;
    const forwards = routes.filter((route) => route.kind === 'forward');
    const read = routes.find((route) => route.kind === 'read');
    const guard = this.#guard(props.host);
    if (read === undefined) {
      return { defaultBehavior: this.#forwarding(props, forwards, guard), additionalBehaviors: {} };
    }
    const files = this.#reading(props, guard);
    const live = { ...files, cachePolicy: CachePolicy.CACHING_DISABLED };
    const replaced = read.prefixes.flatMap((prefix) =>
      read.entries.filter(isReplaced).map((entry) => [`${prefix}${literalName(entry)}`, live] as const),
    );
    const submissions = forwards.map((route) => [route.path, this.#forwarding(props, [route], guard)] as const);
    return { defaultBehavior: files, additionalBehaviors: Object.fromEntries([...submissions, ...replaced]) };
  }

  #guard(host: EdgeHost): BehaviorOptions['functionAssociations'] {
    const code = edgeFunctionCode(host.edge);
    if (Buffer.byteLength(code) > maxEdgeCodeBytes) {
      throw new ToolkitError('AWS_EDGE_CODE', {
        message: `${host.host}: the function of the edge has ${Buffer.byteLength(code)} bytes, expected at most ${maxEdgeCodeBytes}`,
        fault: 'caller',
      });
    }
    const edgeFunction = new EdgeFunction(this, 'Function', {
      code: FunctionCode.fromInline(code),
      runtime: FunctionRuntime.JS_2_0,
      comment: `admits what ${host.host} serves`,
    });
    return [{ function: edgeFunction, eventType: FunctionEventType.VIEWER_REQUEST }];
  }

  #reading({ bucket, policies, host }: ReadDistributionProps, guard: BehaviorOptions['functionAssociations']) {
    if (bucket === undefined) throw missing(host, 'bucket');
    return {
      origin: this.#bucketOrigin(bucket),
      cachePolicy: policies.reads,
      responseHeadersPolicy: policies.readHeaders,
      allowedMethods: AllowedMethods.ALLOW_GET_HEAD,
      viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
      compress: true,
      ...(guard && { functionAssociations: guard }),
    } satisfies BehaviorOptions;
  }

  #bucketOrigin(bucket: { readonly name: string; readonly region: string }): IOrigin {
    const imported = Bucket.fromBucketAttributes(this, 'Bucket', { bucketName: bucket.name, region: bucket.region });
    // The stack of the bucket lets CloudFront read: this one cannot change its policy.
    Annotations.of(this).acknowledgeWarning('@aws-cdk/aws-cloudfront-origins:updateImportedBucketPolicyOac');
    return S3BucketOrigin.withOriginAccessControl(imported);
  }

  #forwarding(
    { servers, policies, host }: ReadDistributionProps,
    routes: readonly ForwardRoute[],
    guard: BehaviorOptions['functionAssociations'],
  ): BehaviorOptions {
    if (servers === undefined) throw missing(host, 'load balancer');
    const slowest = Math.max(...routes.map(({ timeoutMs }) => timeoutMs));
    return {
      // The name decides which service the load balancer picks, whatever name the viewer used.
      origin: VpcOrigin.withVpcOrigin(servers, {
        domainName: host.host,
        readTimeout: Duration.millis(Math.ceil(slowest / 1_000) * 1_000),
        connectionAttempts: 1,
      }),
      cachePolicy: CachePolicy.CACHING_DISABLED,
      // The only way past CloudFront for a bearer token; the function has taken away what no server needs.
      originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
      responseHeadersPolicy: policies.writeHeaders,
      allowedMethods: routes.some(({ method }) => method === 'POST')
        ? AllowedMethods.ALLOW_ALL
        : AllowedMethods.ALLOW_GET_HEAD,
      cachedMethods: CachedMethods.CACHE_GET_HEAD,
      viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
      compress: false,
      ...(guard && { functionAssociations: guard }),
    };
  }
}

/** The next root of a TUF repository appears where a 404 was. */
const errorsAreNeverKept: ErrorResponse[] = [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504].map(
  (httpStatus) => ({ httpStatus, ttl: Duration.seconds(0) }),
);

function isReplaced(entry: ReadEntry): boolean {
  return !entry.cacheControl.includes('immutable');
}

/** The name of a file that is replaced, for a path of CloudFront: its pattern has to be a single name. */
function literalName({ name, pattern }: ReadEntry): string {
  const literal = pattern.source.replace(/^\^|\$$/g, '').replace(/\\\./g, '.');
  if (/^[A-Za-z0-9._-]+$/.test(literal) && pattern.test(literal)) return literal;
  throw new ToolkitError('AWS_READ_ENTRY', {
    message: `${name}: expected one name for a file that is replaced, got the pattern ${pattern.source}`,
    fault: 'caller',
  });
}

function missing({ host }: EdgeHost, what: string): ToolkitError {
  return new ToolkitError('AWS_EDGE_ORIGIN', { message: `${host}: its routes need a ${what}`, fault: 'caller' });
}
