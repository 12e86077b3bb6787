import type { IncomingMessage } from 'node:http';
import type { ForwardRoute } from '../../src/services/edge.ts';
import type { ParsedAnswer } from './answer-parser.ts';
import type { Handling, RouteHandler } from './handling.ts';
import { tryLater } from './refusal.ts';
import { announcesTooMuch, readBody } from './request-body.ts';
import type { UpstreamClient, UpstreamFailure } from './upstream.ts';

const refusalOf: Readonly<Record<UpstreamFailure, { readonly status: number; readonly message: string }>> = {
  unreachable: { status: 503, message: 'the server is not running' },
  timeout: { status: 504, message: 'the server did not answer in time' },
  broken: { status: 502, message: 'the server broke off its answer' },
};

/** Builds what passes a route's requests on to its server. */
export function forwardHandler(route: ForwardRoute, client: UpstreamClient): RouteHandler {
  const forward = (handling: Handling, body: Buffer) => {
    handling.onAbandoned = client.send(
      {
        method: route.method,
        path: route.path,
        headers: requestHeaders(route, handling.req),
        body,
        timeoutMs: route.timeoutMs,
        maxAnswerBytes: route.maxAnswerBytes,
      },
      {
        answer: (answer) => pass(route, handling, answer),
        fail: (failure, cause) => handling.fail(refusalOf[failure], cause),
      },
    );
  };
  return {
    methods: [route.method],
    handle: (handling) => {
      const { req, res } = handling;
      if (announcesTooMuch(req, route.maxBodyBytes)) return handling.refuse(tooLarge(route));
      if (!hasContentType(route, req)) return handling.refuse(unsupported(route));
      if (handling.expectsContinue) res.writeContinue();
      readBody(req, { maxBytes: route.maxBodyBytes, hold: handling.hold }, (body) => {
        if (body === 'too large') handling.refuse(tooLarge(route));
        else if (body === 'no memory') handling.refuse(tryLater(503, 'too many bodies at once', 1_000));
        else forward(handling, body);
      });
    },
  };
}

function pass(route: ForwardRoute, handling: Handling, answer: ParsedAnswer): void {
  const headers = [
    'Content-Length',
    String(answer.body.length),
    'Cache-Control',
    answer.status < 300 ? route.cacheControl : 'no-store',
    'X-Content-Type-Options',
    'nosniff',
  ];
  for (let index = 0; index + 1 < answer.headers.length; index += 2) {
    const name = answer.headers[index] ?? '';
    if (passes(route, name)) headers.push(name, answer.headers[index + 1] ?? '');
  }
  handling.answer(answer.status, headers, answer.body);
}

function passes(route: ForwardRoute, name: string): boolean {
  return name === 'content-type' || route.answerHeaders.includes(name);
}

/** A new request is made from the few headers that the server needs: what a client adds to the rest never arrives. */
function requestHeaders(route: ForwardRoute, req: IncomingMessage): readonly string[] {
  const headers: string[] = [];
  for (const name of route.requestHeaders) {
    const value = req.headers[name];
    if (typeof value === 'string') headers.push(name, value);
  }
  return headers;
}

function hasContentType(route: ForwardRoute, req: IncomingMessage): boolean {
  if (route.contentTypes.length === 0) return true;
  const value = req.headers['content-type'] ?? '';
  if (route.contentTypes.includes(value)) return true;
  const mediaType = value.split(';', 1)[0] ?? '';
  return route.contentTypes.includes(mediaType.trim().toLowerCase());
}

function tooLarge(route: ForwardRoute) {
  const message = route.maxBodyBytes === 0 ? 'expected no body' : `expected at most ${route.maxBodyBytes} bytes`;
  return { status: 413, message };
}

function unsupported(route: ForwardRoute) {
  return { status: 415, message: `expected content type ${route.contentTypes.join(' or ')}` };
}
