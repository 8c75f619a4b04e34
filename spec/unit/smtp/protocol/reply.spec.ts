import { describe, expect, it } from 'vitest';
import { echo, linesOf, multiline, reply, replyText } from '../../../../src/smtp/protocol/reply.ts';

describe('replies', () => {
  it('are put together line by line', () => {
    expect(reply(250, '2.0.0 OK')).toEqual({ code: 250, text: '250 2.0.0 OK\r\n' });
    expect(reply(550, '')).toEqual({ code: 550, text: '550\r\n' });
    expect(multiline(214, ['a', '', 'b'])).toEqual({ code: 214, text: '214-a\r\n214-\r\n214 b\r\n' });
  });

  it.each([
    ['250\r\n', ['250']],
    ['250-a\r\n250-\r\n250 b\r\n', ['250-a', '250-', '250 b']],
    ['550 a\rb\nc\r\n', ['550 a\rb\nc']],
  ])('have lines: %j', (wire, lines) => {
    const given = { code: Number(wire.slice(0, 3)), text: wire };
    expect(linesOf(given)).toEqual(lines);
    expect(replyText(given)).toBe(lines.join('\n'));
  });

  it('repeat nothing of a client that could be taken for a reply', () => {
    expect(echo('a\r\n250 b\0\x1b\x7f\tc')).toBe('a??250 b???\tc');
    expect(echo('x'.repeat(1000))).toHaveLength(400);
  });
});
