// Two machines with smtpe in service: who talks to whom, by what, and what happens when one of them is gone.
import { type Kind, Sheet } from './sheet.ts';

interface Part {
  readonly name: string;
  readonly note: readonly string[];
  readonly kind: Kind;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const HIGH = 78;
const MIDDLE = 205;

const internet: Part = {
  ...{ name: 'Internet', note: ['other mail', 'servers, users'], kind: 'plain' },
  ...{ x: 16, y: MIDDLE - HIGH / 2, width: 116, height: HIGH },
};
const balancer: Part = {
  ...{ name: 'balancer', note: ['HAProxy, nginx;', 'looks who is well'], kind: 'plain' },
  ...{ x: 186, y: MIDDLE - HIGH / 2, width: 130, height: HIGH },
};
const machines: readonly Part[] = [
  {
    ...{ name: 'smtpe one', note: ['workers, policy,', 'spool, log'], kind: 'policy' },
    ...{ x: 400, y: 118, width: 150, height: HIGH },
  },
  {
    ...{ name: 'smtpe two', note: ['the same options,', 'the same policy'], kind: 'policy' },
    ...{ x: 400, y: 214, width: 150, height: HIGH },
  },
];
const mailServer: Part = {
  ...{ name: 'mail exchanger', note: ['mailboxes; gone:', '451, mail comes again'], kind: 'plain' },
  ...{ x: 644, y: MIDDLE - HIGH / 2, width: 160, height: HIGH },
};
const operator: Part = {
  ...{ name: 'operator', note: ['Prometheus, smtpe top'], kind: 'plain' },
  ...{ x: 390, y: 14, width: 170, height: 50 },
};
const group = { x: 386, y: 104, width: 178, height: 202 };
const helpers: readonly (Part & { readonly by: string })[] = [
  {
    ...{
      name: 'name servers',
      note: ['gone: names are not', 'known, the policy says'],
      kind: 'plain',
      by: 'DNS, 53',
    },
    ...{ x: 216, y: 372, width: 170, height: HIGH },
  },
  {
    ...{
      name: 'Redis',
      note: ['gone: as each helper’s', 'on_failure says'],
      kind: 'plain',
      by: 'store, 6379',
    },
    ...{ x: 400, y: 372, width: 150, height: HIGH },
  },
  {
    ...{
      name: 'scanners',
      note: ['clamd, spamd, rspamd;', 'gone: the policy says'],
      kind: 'plain',
      by: '3310, 783, 11333',
    },
    ...{ x: 564, y: 372, width: 170, height: HIGH },
  },
];

export function machinesInService(): Sheet {
  const all = [internet, balancer, ...machines, mailServer, ...helpers, operator];
  const sheet = new Sheet(
    820,
    466,
    'Two machines with smtpe in service',
    `Mail comes from the Internet to a balancer, which gives it with a PROXY header to one of two machines with smtpe, which give it to the mail exchanger. Both ask name servers, Redis and scanners, and answer the operator. ${all
      .map(({ name, note }) => `${name}: ${note.join(' ')}.`)
      .join(' ')}`,
  );
  sheet.box(group, 'plain', { dashed: true, radius: 9 });
  for (const part of all) {
    sheet.box(part, part.kind);
    const top = part.y + part.height / 2 - part.note.length * 8;
    sheet.text(part.x + part.width / 2, top + 4, part.name, { anchor: 'middle', bold: true, within: part });
    sheet.lines(part.x + part.width / 2, top + 20 + (part.note.length - 1) * 8, part.note, {
      ...{ anchor: 'middle', size: 11, quiet: true, within: part },
    });
  }
  const right = ({ x, width }: Part): number => x + width;
  const arrow = (from: readonly [number, number], to: readonly [number, number]): void => {
    sheet.line([from, to], { head: 'end' });
  };
  const by = (x: number, y: number, text: string): void => {
    sheet.text(x, y, text, { anchor: 'middle', size: 11 });
  };
  arrow([right(internet), MIDDLE], [balancer.x, MIDDLE]);
  by((right(internet) + balancer.x) / 2, MIDDLE - 8, '25, 465');
  for (const { x, y, height } of machines) {
    arrow([right(balancer), MIDDLE], [x, y + height / 2]);
    arrow([x + 150, y + height / 2], [mailServer.x, MIDDLE]);
  }
  by(right(balancer) + 34, MIDDLE - 52, 'PROXY v2');
  by(604, MIDDLE - 52, '25, LMTP');
  const foot = group.y + group.height;
  const split = foot + 22;
  sheet.line([
    [475, foot],
    [475, split],
  ]);
  for (const { x, y, width, by: what } of helpers) {
    const middle = x + width / 2;
    sheet.line(
      [
        [475, split],
        [middle, split],
        [middle, y],
      ],
      { head: 'end' },
    );
    sheet.text(middle + 8, y - 12, what, { size: 11 });
  }
  arrow([475, operator.y + operator.height], [475, group.y]);
  sheet.text(483, operator.y + operator.height + 24, 'admin-listen', { size: 11, code: true });
  return sheet;
}
