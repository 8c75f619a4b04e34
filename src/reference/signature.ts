// How a function of the API is written in the reference and in editors: full names, arguments in brackets, types of LuaCATS.
import type { FunctionSpec, Param } from '../lua-api/function-spec.ts';

/** Keywords of Lua cannot be names of parameters in a stub. */
const keywords = new Set(
  'and break do else elseif end false for function goto if in local nil not or repeat return then true until while'.split(
    ' ',
  ),
);

export function parameterName(param: Param<unknown>): string {
  return keywords.has(param.name) ? `${param.name}_` : param.name;
}

/** `a, b [, c [, d]]`; one that may be nil in front of one that must be there is written as it is: it has to be given. */
export function parameterList(params: readonly Param<unknown>[]): string {
  const last = params.findLastIndex((param) => param.fallback === undefined);
  const required = params.slice(0, last + 1).map(parameterName);
  const optional = params.slice(last + 1).map(parameterName);
  const inner = optional.reduceRight((rest, name) => (rest === '' ? name : `${name} [, ${rest}]`), '');
  if (inner === '') return required.join(', ');
  return required.length === 0 ? `[${inner}]` : `${required.join(', ')} [, ${inner}]`;
}

/** `offset, span = net.find_ip([string])`. */
export function signature(name: string, spec: FunctionSpec): string {
  const results = spec.results.map((result) => result.name).join(', ');
  return `${results === '' ? '' : `${results} = `}${name}(${parameterList(spec.params)})`;
}
