// The bench that a function of a test belongs to, and what such a function gives when it gives nothing.
import type { CallContext } from '../../lua-api/call-context.ts';
import type { LuaResults } from '../../lua-api/function-spec.ts';
import { BENCH, type TestBench } from '../test-bench.ts';

export const benchOf = (context: CallContext): TestBench => BENCH.in(context);

export const NO_RESULTS: LuaResults = [];
