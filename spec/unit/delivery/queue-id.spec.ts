// The queue id in the last reply of a next hop: the words of the servers that are met, and words that are none.
import { describe, expect, it } from 'vitest';
import { queueIdOf } from '../../../src/delivery/queue-id.ts';

describe('the queue id in', () => {
  it.each([
    ['250 2.0.0 Ok: queued as 89D6222E8B2', '89D6222E8B2'],
    ['250 2.0.0 Ok: queued as 4XyZ1234567890z', '4XyZ1234567890z'],
    ['250 Message Queued (9C2E7F10-2B1D-4C11-8B1F-0D6A1B2C3D4E.1)', '9C2E7F10-2B1D-4C11-8B1F-0D6A1B2C3D4E.1'],
    ['250 OK id=1rKxyz-0001Ab-2C', '1rKxyz-0001Ab-2C'],
    ['250 OK ids=d7ef1c2a', 'd7ef1c2a'],
    ['250 2.0.0 message 2ARDVb309891774101 accepted', '2ARDVb309891774101'],
    ['250 2.0.0 47CDfX1K012345 Message accepted for delivery', '47CDfX1K012345'],
    ['250 2.0.0 1a2b3c4d Message accepted for delivery', '1a2b3c4d'],
    ['250 2.6.0 <a@b> [InternalId=8589934592, Hostname=mx.example] Queued mail for delivery', '8589934592'],
    ['250 2.0.0 <x@example.com> Zk3fGcy8AGWxNwEA Saved', 'Zk3fGcy8AGWxNwEA'],
    ['250 2.0.0 1795941249.M529000P29962Q1Rbe60debe.vm', '1795941249.M529000P29962Q1Rbe60debe.vm'],
    ['250 ok 1700000000 qp 12345', '12345'],
    ['250 2.0.0 OK  1700000000 x9-20020a170902si123.7 - gsmtp', 'x9-20020a170902si123.7'],
    ['250-2.0.0 first\n250 2.0.0 Ok: queued as ABC123.', 'ABC123'],
  ])('%s', (text, id) => {
    expect(queueIdOf(text)).toBe(id);
  });

  it.each(['250 2.0.0 OK', '250 queued as soon as possible', '250 Message accepted', '250 id=', '', 'x'])(
    '%j: there is none',
    (text) => {
      expect(queueIdOf(text)).toBeUndefined();
    },
  );

  it('a reply that is as bad as it can be costs no more than it is long', () => {
    const forms = [
      `250 ${'a'.repeat(60_000)}`,
      `250 ${'1-'.repeat(30_000)} message`,
      `250 ${'queued ('.repeat(9000)}`,
    ];
    const began = performance.now();
    for (const text of forms) for (let i = 0; i < 200; i++) queueIdOf(text);
    // 600 of them: quadratic ones over 60,000 octets would take minutes.
    expect(performance.now() - began).toBeLessThan(5000);
  });
});
