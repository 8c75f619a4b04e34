// Fields that many events have.
import type { FieldSpec } from './event-spec.ts';

export const cause = { type: 'text', meaning: 'why' } as const satisfies FieldSpec;
export const client = { type: 'text', meaning: 'address of the client' } as const satisfies FieldSpec;
export const proxy = {
  type: 'text',
  optional: true,
  meaning: 'address of the balancer that speaks for the client',
} as const satisfies FieldSpec;
export const host = {
  type: 'text',
  meaning: 'name of the client, its address in brackets when it has none',
} as const satisfies FieldSpec;
export const transaction = { type: 'text', meaning: 'id of the transaction' } as const satisfies FieldSpec;
