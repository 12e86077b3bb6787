import type { RouteHandler } from './handling.ts';
import type { HandlerListener } from './listener.ts';
import { announcesTooMuch } from './request-body.ts';
import { liveRoute, type Match, type Routes } from './router.ts';

/** Routes every request of a listener to its handler. */
export function handlerRoutes(listener: HandlerListener): Routes {
  const match: Match = { route: liveRoute(listener.name, 'handler', listener.limit, handOver(listener)), file: '' };
  return { find: () => match, close: () => undefined, counters: [match.route.counter] };
}

function handOver({ handler, maxBodyBytes }: HandlerListener): RouteHandler {
  return {
    methods: [],
    handle: (handling) => {
      const { req, res } = handling;
      // The handler reads the body itself, so its length has to be known before; every client of a login page says it.
      if (req.headers['transfer-encoding'] !== undefined) return handling.refuse(lengthRequired);
      if (announcesTooMuch(req, maxBodyBytes)) {
        return handling.refuse({ status: 413, message: `expected at most ${maxBodyBytes} bytes` });
      }
      if (handling.expectsContinue) res.writeContinue();
      res.once('finish', () => {
        if (!handling.isCounted) handling.count(res.statusCode);
      });
      // Called in an async function, so that what it throws and what it rejects with end in one place.
      const run = async () => handler(req, res);
      run().catch((error: unknown) => {
        handling.fail({ status: 500, message: 'the handler failed' }, error);
        if (!res.writableEnded) res.destroy();
      });
    },
  };
}

const lengthRequired = { status: 411, message: 'expected a content length' };
