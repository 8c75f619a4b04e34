// The rules of ARC with chains of our own making, so that each is shown without the suite of others (RFC 8617 4, 5).
import { describe, expect, it } from 'vitest';
import { sealArc, sealedNames, sealFault } from '../../../src/mail-auth/arc/seal.ts';
import {
  bodyHashOf,
  makeKey,
  type SealWish,
  sealed,
  specTime,
  TxtRecords,
  takeIn,
  verifiedArc,
} from '../../fakes/mail-auth.ts';

const rsa = makeKey('rsa');
const ed = makeKey('ed25519');
const txt = { 'sel._domainkey.example.org': rsa.record, 'ed._domainkey.example.net': ed.record };
const mail = 'From: a@example.com\r\nTo: b@example.net\r\nSubject: hello\r\nDate: today\r\n\r\nsome text\r\n';

const seal = (text: string, wish: Partial<SealWish> = {}): Promise<string> =>
  sealed(text, { key: rsa.key, ...wish }, { txt });
const sealEd = (text: string): Promise<string> =>
  seal(text, { key: ed.key, domain: 'example.net', selector: 'ed' });

const verify = (text: string) => verifiedArc(takeIn(text), { txt });
const verdict = async (text: string): Promise<string> => {
  const { result, cause } = await verify(text);
  return `${result} ${cause}`;
};

const one = await seal(mail);
const two = await sealEd(one);
const three = await seal(two, { results: 'mx.example.org;\r\n\tdkim=pass' });

/** The fields of a message. */
const fieldsOf = (text: string): string[] => (text.split('\r\n\r\n')[0] ?? '').split(/\r\n(?![ \t])/);
const fieldOf = (text: string, name: string): string =>
  fieldsOf(text).find((field) => field.startsWith(`${name}:`)) ?? '';
const without = (text: string, field: string): string => text.replace(`${field}\r\n`, '');

describe('a chain', () => {
  it('of one, two and three sets passes', async () => {
    expect(await verify(mail)).toMatchObject({
      result: 'none',
      cause: 'ok',
      instance: 0,
      sealers: [],
      oldestPass: undefined,
    });
    expect(await verify(one)).toMatchObject({ result: 'pass', instance: 1, oldestPass: 0 });
    expect(await verify(two)).toMatchObject({ result: 'pass', instance: 2, oldestPass: 0 });
    expect(await verify(three)).toEqual({
      ...{ result: 'pass', cause: 'ok', instance: 3, oldestPass: 0, isRecorded: false },
      sealers: [
        {
          instance: 3,
          domain: 'example.org',
          selector: 'sel',
          result: 'pass',
          results: ' mx.example.org;\r\n\tdkim=pass',
        },
        {
          instance: 2,
          domain: 'example.net',
          selector: 'ed',
          result: 'pass',
          results: ' mx.example.org; spf=pass smtp.mailfrom=example.com',
        },
        {
          instance: 1,
          domain: 'example.org',
          selector: 'sel',
          result: 'pass',
          results: ' mx.example.org; spf=pass smtp.mailfrom=example.com',
        },
      ],
    });
  });

  it('says from which set on the message is as it was', async () => {
    const changed = await seal(two.replace('hello', '[list] hello'));
    // Our own verification, of a message that was changed since: recorded as failed.
    expect(await verdict(changed)).toBe('fail structure');
    // A list that changed it after it had verified.
    const list = (await seal(two)).replace('\r\n\r\nsome', '\r\n\r\nSOME');
    expect(await verdict(list)).toBe('fail body_changed');
  });

  it('whose older signatures over the message are not right any more passes', async () => {
    // A list verifies, changes, then seals what it has verified: the seals of before are over ARC headers only.
    const received = takeIn(two);
    const chain = await verifiedArc(received, { txt });
    const changed = two.replace('Subject: hello', 'Subject: [list] hello');
    const request = {
      domain: 'example.org',
      selector: 'sel',
      key: rsa.key,
      headers: sealedNames,
      body: 'simple',
      results: 'x; none',
    } as const;
    const outcome = await sealArc(
      takeIn(changed).headers,
      bodyHashOf(changed, 'simple'),
      chain,
      request,
      specTime,
    );
    if (outcome.kind !== 'sealed') throw new Error(outcome.kind);
    const list = `${outcome.headers.join('\r\n')}\r\n${changed}`;
    expect(await verify(list)).toMatchObject({ result: 'pass', oldestPass: 3 });
    expect(await verify(await seal(list))).toMatchObject({ result: 'pass', oldestPass: 3, instance: 4 });
  });

  it('fails when a header or the body that is signed has changed', async () => {
    expect(await verdict(two.replace('hello', 'Hello'))).toBe('fail bad_signature');
    expect(await verdict(two.replace('some', 'other'))).toBe('fail body_changed');
    // Not signed: a trace header.
    expect(await verdict(`Received: x\r\n${two}`)).toBe('pass ok');
  });

  it('fails when any seal is not right', async () => {
    const aar = fieldOf(one, 'ARC-Authentication-Results');
    const forged = three.replace(aar, aar.replace('spf=pass', 'spf=none'));
    const { result, cause, sealers } = await verify(forged);
    expect([result, cause]).toEqual(['fail', 'bad_signature']);
    expect(sealers.map((sealer) => sealer.result)).toEqual(['fail', 'fail', 'fail']);
    // The newest results are sealed by the newest seal alone.
    const newest = await verify(three.replace('dkim=pass', 'dkim=fail'));
    expect(newest.sealers.map((sealer) => sealer.result)).toEqual(['fail', 'pass', 'pass']);
    expect(newest).toMatchObject({ result: 'fail', oldestPass: undefined });
  });
});

describe('the sets', () => {
  const names = ['ARC-Seal', 'ARC-Message-Signature', 'ARC-Authentication-Results'] as const;

  it.each(names)('fail without an %s, with two of it, with one in another place', async (name) => {
    const field = fieldOf(one, name);
    expect(await verdict(without(one, field))).toBe('fail structure');
    expect(await verdict(`${field}\r\n${one}`)).toBe('fail structure');
    for (const wrong of ['i=2;', 'i=0;', 'i=51;', 'i=x;', 'i=;', 'i=-1;', 'i=1.0;'])
      expect(await verdict(one.replace(field, field.replace('i=1;', wrong)))).toBe('fail structure');
    expect(await verdict(without(three, fieldOf(two, name)))).toBe('fail structure');
  });

  it('are numbered without a gap', async () => {
    let gap = three;
    for (const name of names) gap = without(gap, fieldOf(two, name));
    expect(await verdict(gap)).toBe('fail structure');
    let newest = three;
    for (const name of names) newest = without(newest, fieldOf(newest, name));
    expect(await verdict(newest)).toBe('pass ok');
  });

  it('i= of the results comes first and has a semicolon', async () => {
    const field = fieldOf(one, 'ARC-Authentication-Results');
    for (const wrong of ['x; i=1; spf=pass', 'i=1 x; spf=pass', 'I=1; spf=pass', ''])
      expect(await verdict(one.replace(field, `ARC-Authentication-Results: ${wrong}`))).toBe(
        'fail structure',
      );
  });

  it('are 50 at most', async () => {
    let text = mail;
    for (let i = 0; i < 50; i++) text = await seal(text);
    expect(await verify(text)).toMatchObject({ result: 'pass', instance: 50 });
    expect(await seal(text)).toBe(text);
    const more = names.map((name) => fieldOf(one, name).replace('i=1;', 'i=51;'));
    expect(await verdict(`${more.join('\r\n')}\r\n${text}`)).toBe('fail limit');
  });
});

describe('a seal', () => {
  const field = fieldOf(one, 'ARC-Seal');
  it.each([
    ['cv=none', 'cv=pass'],
    ['cv=none', 'cv='],
    ['cv=none', 'cv=NONE'],
    ['cv=none', 'cv=x'],
    ['cv=none', 'cv=none; h=from'],
    ['cv=none', 'cv=none; cv=none'],
    ['cv=none', 'cv=none; ;'],
    ['a=rsa-sha256', 'a=rsa-sha1'],
    ['a=rsa-sha256', 'x=y'],
    ['d=example.org', 'd=***'],
    ['d=example.org', 'd='],
    ['s=sel', 's='],
    [`t=${specTime}`, 't='],
    [`t=${specTime}`, 't=x'],
    ['b=', 'b=*'],
  ])('with %s made %s is none', async (from, to) => {
    expect(field).toContain(from);
    expect(await verdict(one.replace(field, field.replace(from, to)))).toBe('fail structure');
  });

  it('is not right when a tag has changed', async () => {
    expect(await verdict(one.replace(field, field.replace(`t=${specTime}`, `t=${specTime + 1}`)))).toBe(
      'fail bad_signature',
    );
    expect(await verdict(one.replace(field, field.replace('d=example.org', 'd=Example.org')))).toBe(
      'fail bad_signature',
    );
  });

  it('has keys as DKIM has', async () => {
    const cause = async (records: Record<string, string>): Promise<string> =>
      (await verifiedArc(takeIn(one), { txt: records })).cause;
    const name = 'sel._domainkey.example.org';
    expect(await cause({})).toBe('no_key');
    expect(await cause({ [name]: 'v=DKIM1; p=' })).toBe('key_revoked');
    expect(await cause({ [name]: ed.record })).toBe('key_mismatch');
    expect(await cause({ [name]: makeKey('rsa').record })).toBe('bad_signature');
    const failing = new TxtRecords({}, () => true);
    expect(await verifiedArc(takeIn(one), { txt: failing })).toMatchObject({
      result: 'fail',
      cause: 'temperror',
    });
    const weak = makeKey('rsa', 768);
    const weakly = await sealed(mail, { key: weak.key }, { txt: {} });
    expect(await verifiedArc(takeIn(weakly), { txt: { [name]: weak.record } })).toMatchObject({
      result: 'fail',
      cause: 'weak_key',
    });
  });

  it('asks for a key once', async () => {
    const lookup = new TxtRecords(txt);
    await verifiedArc(takeIn(three), { txt: lookup });
    expect(lookup.asked.sort()).toEqual(['ed._domainkey.example.net', 'sel._domainkey.example.org']);
  });
});

describe('a signature over the message', () => {
  const field = fieldOf(one, 'ARC-Message-Signature');
  const changed = (from: string | RegExp, to: string): Promise<string> =>
    verdict(one.replace(field, field.replace(from, to)));

  it('may not sign a seal', async () => {
    expect(await changed('h=From', 'h=ARC-Seal:From')).toBe('fail structure');
  });

  it.each([
    ['a=rsa-sha256', 'a=x', 'algorithm'],
    ['a=rsa-sha256', 'x=1', 'syntax'],
    [/bh=[^;]*/, 'bh=', 'syntax'],
    [/h=From/, 'H=From', 'syntax'],
    ['d=example.org', 'd=example...', 'syntax'],
    ['c=relaxed/relaxed', 'c=', 'canonicalisation'],
    [`t=${specTime}`, 't=icecream', 'syntax'],
    [`t=${specTime}`, `t=${specTime}; x=${specTime + 1}; x=1`, 'structure'],
  ])('%s made %s: %s', async (from, to, cause) => {
    expect(await changed(from, to)).toBe(`fail ${cause}`);
  });

  it('needs no From, may have empty names and no time', async () => {
    expect(await changed(/\bh=[^;]*/, 'h=')).toBe('fail bad_signature');
    expect(await changed(/h=From/, 'h=:From')).toBe('fail bad_signature');
    expect(await changed(/;[^;]*t=[0-9]+/, '')).toBe('fail bad_signature');
  });

  it('without c= is relaxed/relaxed', async () => {
    expect(await changed(/c=relaxed\/relaxed; ?/, '')).toBe('fail bad_signature');
    expect(await changed(/c=relaxed\/relaxed/, 'c=simple/simple')).toBe('fail bad_signature');
    expect(await changed(/c=relaxed\/relaxed/, 'c=simple/simple')).not.toContain('body_changed');
  });
});

describe('sealing', () => {
  it('records that a chain has failed, once, over its own set alone', async () => {
    const broken = one.replace('some text', 'other text');
    const recorded = await seal(broken);
    expect(fieldOf(recorded, 'ARC-Seal')).toMatch(/cv=fail;.*i=2;/s);
    expect(await verify(recorded)).toMatchObject({ result: 'fail', isRecorded: true, instance: 2 });
    expect(await seal(recorded)).toBe(recorded);
  });

  it('of a chain whose numbers cannot be told goes on behind the highest', async () => {
    const doubled = `${fieldOf(one, 'ARC-Seal')}\r\n${one}`;
    expect(fieldOf(await seal(doubled), 'ARC-Seal')).toMatch(/cv=fail;.*i=2;/s);
  });

  it('covers the signatures that we have made', async () => {
    const text = await seal(`DKIM-Signature: x\r\n${mail}`);
    expect(fieldOf(text, 'ARC-Message-Signature').replace(/\s/g, '')).toContain('DKIM-Signature');
    expect(await verdict(text.replace('DKIM-Signature: x', 'DKIM-Signature: y'))).toBe('fail bad_signature');
  });

  it('keeps lines below 998 octets', async () => {
    const big = makeKey('rsa', 4096);
    const text = await seal(mail, { key: big.key });
    expect(Math.max(...text.split('\r\n').map((line) => line.length))).toBeLessThan(998);
  });

  it.each([
    [{ results: 'x; spf=pass\r\nBcc: x' }, 'results'],
    [{ results: 'x\n y' }, 'results'],
    [{ results: 'x\r\n \r\n y' }, 'results'],
    [{ results: 'x\r\n ' }, 'results'],
    [{ results: 'x\0' }, 'results'],
    [{ headers: ['From', 'arc-seal'] }, 'ARC-Seal'],
    [{ domain: 'a b' }, 'domain'],
    [{}, undefined],
    [{ results: 'x;\r\n\tspf=pass' }, undefined],
  ])('%j: %s', (change, fault) => {
    const good = {
      domain: 'example.org',
      selector: 'sel',
      headers: sealedNames,
      body: 'relaxed',
      results: 'x; none',
    } as const;
    const found = sealFault({ ...good, ...change });
    if (fault === undefined) expect(found).toBeUndefined();
    else expect(found).toContain(fault);
  });
});
