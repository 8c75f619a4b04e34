// A policy of some 2,300 lines, as they grow over the years: lists, helpers and constants at the top level, made anew for each connection. What it does with
// a message is what six.lua does.
import { readFileSync } from 'node:fs';

/** Lines of one department of it. */
function section(n: number): string {
  const customers = Array.from({ length: 4 }, (_, i) => `  ['customer${n}-${i}.example'] = true,`);
  return `
-- Customers of contract ${n}, and what holds for them.
local customers_${n} = {
${customers.join('\n')}
}
local LIMIT_${n}, WORDS_${n} = ${n * 10}, { 'offer ${n}', 'winner ${n}', 'urgent ${n}' }

local function is_customer_${n}(domain)
  return customers_${n}[domain] == true
end

checks[${n}] = function(sender, domain)
  if not is_customer_${n}(domain) then return nil end
  for _, word in ipairs(WORDS_${n}) do
    if sender:find(word, 1, true) then return '550 5.7.1 not for contract ${n}' end
  end
  return LIMIT_${n}
end
`;
}

/** `lines`: about so many, never more than Lua's 200 local variables of a function allow (each section is a block of its own). */
export function largePolicy(six: string, lines = 2300): string {
  const one = section(1).split('\n').length;
  const count = Math.floor((lines - six.split('\n').length) / one);
  const sections = Array.from({ length: count }, (_, i) => `do${section(i + 1)}end`);
  return `local checks = {}\n${sections.join('\n')}\n${six}`;
}

export const largePolicyFrom = (file: string): string => largePolicy(readFileSync(file, 'utf8'));
