// What lib-lua/compat/socket/http.lua is made of: a request by the client of service.http, under the same options, whose answer the caller
// waits for itself: service.wait is not touched.
import type { CallContext } from '../../lua-api/call-context.ts';
import {
  type FunctionSpec,
  type LuaResults,
  luaFunction,
  type Suspension,
} from '../../lua-api/function-spec.ts';
import { optionsOf } from '../../options/options.ts';
import { readHttpUrl } from '../../service/http-url.ts';
import type { Services } from '../../service/services.ts';
import { asked, type HttpAsked, methodOf } from '../service/http-asked.ts';

const MIB = 1_048_576;

function request(services: Services, context: CallContext, given: HttpAsked): LuaResults | Suspension {
  const url = readHttpUrl(given.url);
  if (url.kind === 'invalid') return [undefined, url.error];
  const { values } = optionsOf(context);
  const { body, headers, redirects, timeout } = given;
  const method = methodOf(given.method ?? 'GET');
  const stop = new AbortController();
  const run = async (): Promise<LuaResults> => {
    const outcome = await services.http.request({
      ...{ url, method, body, headers, redirects, modifiedSince: given.since, staysSecure: true },
      timeoutMs: Math.max(Math.round((timeout ?? values['http-timeout']) * 1000), 1),
      connectTimeoutMs: values['service-connect-timeout'] * 1000,
      maxSize: values['http-max-size'],
      maxMemory: values['http-max-memory'] * MIB,
      allowReserved: values['http-allow-reserved'],
      refuse: values['http-refuse'],
      caFile: values['http-ca-file'],
      signal: stop.signal,
      onConnect: () => undefined,
    });
    if (outcome.kind === 'failed') return [undefined, outcome.error];
    // It is Lua's from now on.
    outcome.release();
    const { origin, path } = outcome.url;
    return [outcome.code, outcome.head, outcome.content, `${origin}${path}`];
  };
  return {
    kind: 'suspension',
    describe: () => `socket.http ${method} ${url.host}`,
    done: run(),
    cancel: () => stop.abort(),
  };
}

export const webFunction = (services: Services): FunctionSpec =>
  luaFunction({
    name: 'http_request',
    params: [asked],
    suspends: true,
    text: 'Status, head, content and URL of a response; or nil and why there is none.',
    call: (context, given) => request(services, context, given),
  });
