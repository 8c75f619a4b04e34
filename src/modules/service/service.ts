// Lua module `service`: clamd, spamd, web servers and text for the client, several at once, collected by service.wait
// (doc/reference/service.md). The clients are in service/; here are arguments, results and their documentation.

import { LuaError, luaFunction } from '../../lua-api/function-spec.ts';
import { luaModule, type ModuleSpec } from '../../lua-api/module-spec.ts';
import { bytes, optionalFlag, optionalNumber } from '../../lua-api/params.ts';
import { optionsOf } from '../../options/options.ts';
import { sessionOf } from '../../policy/session-view.ts';
import { clientWrite } from './client-write.ts';
import { httpModule } from './http.ts';
import { resultShapes } from './result-shapes.ts';
import { rspamdFunction } from './rspamd.ts';
import { clamdFunction, spamdFunction, timeoutMs } from './scan.ts';
import { jobsOf, type ServiceDependencies } from './slot.ts';

export type { ServiceDependencies } from './slot.ts';

const TEXT =
  'Asks other programs and servers: clamd, spamd, rspamd, web servers. Each start function returns as soon as it has a connection; any number ' +
  'of services work at the same time; `service.wait` suspends the hook until one or all have ended and gives their results once. Every ' +
  'service has a time limit, and one that failed has a result with `error`. What a hook has started and not waited for is given ' +
  'up when the hook ends.';

const WAIT_TEXT =
  'Waits for services and gives the results of all that have ended since the last `service.wait`: a table with the keys `clamd`, `spamd`, ' +
  '`rspamd`, `http` and `client`, each only if there is a result of that kind. `table.http[i]` are the results of the requests. `table.clamd`, ' +
  '`table.spamd` and `table.rspamd` are the result themselves, and hold all results of their kind as `[1]`, `[2]` ... in the order in which they ' +
  'ended; with several, the fields of the table are those of the last one without `error`. `table.client` has a result only when ' +
  'writing to the client failed. With nothing started the table is empty, at once.\n\nA service that failed or ran out of time has a ' +
  'result too, with `error`. Suspends, unless everything to be waited for has ended.';

export function createServiceModule(dependencies: ServiceDependencies): ModuleSpec {
  return luaModule({
    name: 'service',
    text: TEXT,
    records: resultShapes,
    functions: [
      clamdFunction(dependencies),
      spamdFunction(dependencies),
      rspamdFunction(dependencies),
      luaFunction({
        name: 'wait',
        params: [
          optionalFlag(
            'for_all_flag',
            'True: until all have ended. False: until at least one has ended.',
            true,
          ),
        ],
        results: [
          { name: 'table', type: 'service_results', text: 'The results; empty when there are none.' },
        ],
        suspends: true,
        text: WAIT_TEXT,
        examples: ['assert(next(service.wait(1)) == nil)\nassert(next(service.wait(0)) == nil)'],
        call: (context, all) => jobsOf(dependencies, context).wait(all),
      }),
      luaFunction({
        name: 'reset',
        params: [],
        text: 'Gives up all services that are at work, closing their connections, and forgets results not fetched. Does not suspend.',
        examples: [
          "service.http.request('not a url')\nservice.reset()\nassert(next(service.wait(1)) == nil)",
        ],
        call: (context) => {
          jobsOf(dependencies, context).reset();
          return [];
        },
      }),
    ],
    modules: [httpModule(dependencies), clientModule(dependencies)],
  });
}

function clientModule(dependencies: ServiceDependencies): ModuleSpec {
  return luaModule({
    name: 'client',
    text: 'Text for the SMTP client outside the usual replies.',
    functions: [
      luaFunction({
        name: 'write',
        params: [
          bytes('smtp_reply_string', 'Sent as it is, any bytes: line ends and codes are up to the policy.'),
          optionalNumber('timeout', 'Seconds, more than 0. Default: option `smtp-reply-timeout`.', undefined),
        ],
        results: [{ name: 'queued', type: 'boolean', text: 'True.' }],
        text:
          'Sends text to the client, behind everything sent before and in the order of the calls; the hook still has to end with the last ' +
          'line of a reply. Sending begins at once; `service.wait` waits until the text is on its way. A failure is `table.client.error` ' +
          'of `service.wait`; a success has no result. Raises an error in `hook.init`, where there is no client. Does not suspend.',
        examples: [
          "assert(service.client.write('250-one\\r\\n', 5))\nservice.wait(0)\nassert(service.client.write('250-two\\r\\n', 5))\nservice.wait(1)",
        ],
        call: (context, text, timeout) => {
          const session = sessionOf(context);
          if (session === undefined) throw new LuaError('service.client.write: there is no client here');
          const milliseconds = timeoutMs(timeout ?? optionsOf(context).values['smtp-reply-timeout']);
          jobsOf(dependencies, context).start('client', session.idSess, context, async () => {
            const error = await clientWrite(session, text, milliseconds);
            return { fields: error === undefined ? undefined : {}, error };
          });
          return [true];
        },
      }),
    ],
  });
}
