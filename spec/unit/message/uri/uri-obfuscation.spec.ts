// Ways to hide where a link leads, or to have something harmless found in its place. Each row: what stands in the message, and the hosts in
// uri.found, all of them and in order. What is not found yet stands in a list of its own at the end.
import { describe, expect, test } from 'vitest';
import { observe } from '../../../fakes/observe-message.ts';

const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
const hostsIn = (head: string, text: string): readonly unknown[] =>
  observe(`${head}\r\n\r\n${latin1(text)}`).uris.map((uri) => uri.host ?? uri.uri_raw);
const html = (text: string) => hostsIn('Content-Type: text/html; charset=utf-8', text);
const plain = (text: string) => hostsIn('Content-Type: text/plain; charset=utf-8', text);

const evil = 'evil.example.com';
const only = [evil];

type Row = readonly [html: string, hosts?: readonly string[]];
const each = (rows: readonly Row[], found: (text: string) => readonly unknown[]): void => {
  for (const [text, hosts = only] of rows)
    test(JSON.stringify(text.length > 90 ? `${text.slice(0, 90)}...` : text), () => {
      expect(found(text)).toEqual(hosts);
    });
};

describe('attributes: user information does not move the host', () => {
  each(
    [
      ['<a href="http://good.example.org @evil.example.com/">'],
      ["<a href='http://good.example.org @evil.example.com/'>"],
      ['<a href="http://good.example.org<@evil.example.com/">'],
      ['<a href="http://good.example.org\'@evil.example.com/">'],
      ["<a href='http://good.example.org\"@evil.example.com/'>"],
      ['<a href="http://good.example.org{}|^`@evil.example.com/">'],
      ['<a href="http://good.example.org\u00a0@evil.example.com/">'],
      ['<a href="http://good.example.org\u3000\u200b@evil.example.com/">'],
      ['<a href="http://good.example.org&nbsp;@evil.example.com/">'],
      ['<a href="http://good.example.org&quot;&lt;&gt;@evil.example.com/">'],
      ['<a href="http://good.example.org&#32;@evil.example.com/">'],
      ['<a href="http://good.example.org\t\r\n@evil.example.com/">'],
      ['<a href="http://good.example.org；，／@evil.example.com/">'],
      ['<a href="http://good.example.org,@evil.example.com/">'],
      ['<a href="http://good.example.org:80@evil.example.com:81/">'],
      ['<a href="http://a@good.example.org@evil.example.com/">'],
      ['<a href="http://good.example.org%2F@evil.example.com/">'],
      ['<a href="//good.example.org @evil.example.com/">'],
      ['<a href="http:good.example.org @evil.example.com/">'],
      ['<a href=http://good.example.org"@evil.example.com/>'],
      ["<a href=http://good.example.org'<`@evil.example.com/>"],
      ['<form action="http://good.example.org @evil.example.com/">'],
      ['<base href="http://good.example.org @evil.example.com/">'],
      // These end the authority, and good.example.org is where it leads.
      ['<a href="http://good.example.org\\@evil.example.com/">', ['good.example.org']],
      ['<a href="http://good.example.org/@evil.example.com/">', ['good.example.org']],
      ['<a href="http://good.example.org?@evil.example.com/">', ['good.example.org']],
      ['<a href="http://good.example.org#@evil.example.com/">', ['good.example.org']],
    ],
    html,
  );
});

describe('scripts, mistakes and shares', () => {
  each(
    [
      // A backslash in front of a slash is nothing in scripts and JSON.
      ['<script>location="http:\\/\\/evil.example.com"</script>'],
      ['<script>x={"u":"https:\\/\\/evil.example.com\\/a\\/b"}</script>'],
      ['<script>location="\\/\\/evil.example.com"</script>'],
      ["<script>location='\\/\\/evil.example.com/'</script>"],
      ['<script>location="http\\x3a\\x2f\\x2fevil\\x2eexample\\x2ecom"</script>'],
      ['<script>location="http\\u003a\\u002F\\u002fevil\\u002eexample.com"</script>'],
      ["<script>location='//evil.example.com'</script>"],
      ["<script>fetch('//evil.example.com/x')</script>"],
      [
        '<a href="javascript:location=\'//evil.example.com\'">',
        ["javascript:location='//evil.example.com'", evil],
      ],
      ['<p>http://good.example.org/?u=x//y.example.com</p>', ['good.example.org']],
      ['<p>http:\\\\evil.example.com\\x</p>'],
      ['<p>C:\\dir\\file.txt</p>', []],
      // The quotation mark belongs to what stands around it.
      ['<a title="href=http://evil.example.com">', ['evil.example.com"', evil]],
      ['<a href=http://evil.example.com">x</a>', ['evil.example.com"', evil]],
      ['<a title="href=http://evil.example.com/">'],
      ["<a href=//evil.example.com'>x</a>", ["evil.example.com'", evil]],
      // Escapes of style sheets take the blank behind them along.
      ['<style>a{b:url(ht\\74 p://evil.example.com/)}</style>'],
      ['<style>a{b:url(\\68\\74 tp://evil.exa\\6d ple.com/)}</style>'],
      ['<style>a{b:url("ht\\74 p://evil.example.com/")}</style>'],
      ['<style>a{b:url(http://evil.example.com/\\\\74 x)}</style>'],
      ['<style>a{b:url(http://evil.example.com/ x)}</style>'],
      // Windows goes to the host behind any number of slashes but three.
      ['<a href="file:////evil.example.com/x">'],
      ['<a href="file://///evil.example.com/x">'],
      ['<a href="file:///\\\\evil.example.com\\x">'],
      ['<img src="file:\\\\\\\\192.0.2.1\\x">', ['192.0.2.1']],
      ['<a href="file:///evil.example.com/x">', ['localhost']],
      ['<a href="file:////share/x">', ['localhost']],
    ],
    html,
  );
  each(
    [
      ['[http://good.example.org](http://evil.example.com)', ['good.example.org', evil]],
      ['[http://good.example.org/a](http://evil.example.com/b)', ['good.example.org', evil]],
      ['[good.example.org](http://evil.example.com)', ['good.example.org', evil]],
      // Only scripts have these.
      ['http:\\/\\/evil.example.com', []],
      ["x='//evil.example.com'", []],
    ],
    plain,
  );
});

describe('attributes: references are decoded, then tabs and line ends vanish', () => {
  each(
    [
      ['<a href="http://evil.exa&#9;mple.com/x">'],
      ['<a href="http://evil.exa&#10;mple.com/x">'],
      ['<a href="http://evil.exa&#13;mple.com/x">'],
      ['<a href="http://evil.exa&#x9;mple.com/x">'],
      ['<a href="http://evil.exa&#x000A mple.com/x">', ['evil.exa', 'mple.com']],
      ['<a href="http://evil.exa&Tab;mple.com/x">'],
      ['<a href="http://evil.exa&NewLine;mple.com/x">'],
      ['<a href="ht&Tab;tp:&NewLine;/&Tab;/evil.example.com/x">'],
      ['<a href=http://evil.exa&#9;mple.com/x>'],
      ['<a href="&#32;&#1;http://evil.example.com/x">'],
      ['<a href="&#x20;//evil.example.com/x">'],
      ['<a href="&#104;&#116;&#116;&#112;&#58;&#47;&#47;evil&#46;example&#46;com">'],
      ['<a href="&#104&#116&#116&#112&#58&#47&#47evil&#46example&#46com">'],
      ['<a href="http&colon;&sol;&sol;evil&period;example&period;com">'],
      ['<a href="http:&bsol;&bsol;evil.example.com">'],
      ['<a href="http://evil&ic;.exa&InvisibleComma;mple.com/">'],
      ['<a href="http://evil&it;.exa&af;mple.com/">'],
      ['<a href="http://evil&ZeroWidthSpace;.exa&NegativeThinSpace;mple.com/">'],
      ['<a href="http://evil&shy;.exa&shy;mple.com/">'],
      ['<a href="http://evil.exa&NoBreak;mple.com/">'],
      ['<a href="http://&efr;vil.e&xopf;ample.&Cscr;om/">'],
      ['<a href="http://&ee;v&ii;&ell;.example.com/">'],
      ['<a href="http://evil.example.com/?a&reg=1&copy2">'],
      // Decoded once, not twice.
      ['<a href="http://evil.exa&amp;#9;mple.com/x">', ['evil.exa&']],
    ],
    html,
  );
});

describe('attributes: all the ways to write them', () => {
  each(
    [
      ['<a href=//evil.example.com/x>'],
      ['<a href=//evil.example.com>'],
      ['<a href=\\\\evil.example.com/x>'],
      ['<a href=/\\evil.example.com/x>'],
      ['<a href=http:\\\\evil.example.com\\x>'],
      ['<a HREF = //evil.example.com/x>'],
      ['<a href\n=\n"//evil.example.com/x">'],
      ['<a title="x"href="//evil.example.com/x">'],
      ["<a/href='//evil.example.com/x'>"],
      ['<a href="///evil.example.com/x">'],
      ['<a href="http:///evil.example.com/x">'],
      ['<a href="http:evil.example.com/x">'],
      ['<a href="https:/evil.example.com/x">'],
      ['<a href=" \t http://evil.example.com/x ">'],
      ['<img src=//evil.example.com/x>'],
      ['<img srcset="//evil.example.com/1 1x, //evil.example.com/2 2x">', [evil, evil]],
      ['<img srcset=",//evil.example.com/1,">'],
      ['<a ping="//evil.example.com/x" href="#">'],
      ['<table background=//evil.example.com/x>'],
      ['<button formaction="//evil.example.com/x">'],
      ['<svg><a xlink:href="//evil.example.com/x">'],
      ['<v:fill src="//evil.example.com/x"/>'],
      ['<object data="//evil.example.com/x">'],
      ['<video poster="//evil.example.com/x">'],
      ['<meta http-equiv=refresh content="0;url=//evil.example.com/">'],
      ['<meta http-equiv=refresh content=\'0; URL="//evil.example.com/"\'>'],
      ['<meta http-equiv=refresh content="0; url = \'//evil.example.com/\'">'],
      ['<meta http-equiv=refresh content="0;//evil.example.com/">'],
      ['<meta http-equiv=refresh content="0,url=http://good.example.org @evil.example.com/">'],
      ['<meta http-equiv=refresh content="0;url=&#47;&#47;evil.example.com/">'],
      ['<meta http-equiv=refresh content=0;url=//evil.example.com/>'],
      ['<meta property="og:x" content="see www.evil.example.com now">', ['www.evil.example.com']],
      ['<td style="background:url(//evil.example.com/x)">'],
      ['<td style="background:url(http://evil.example.com/x)">'],
      ['<td style="background: url( //evil.example.com/x )">'],
      ['<td style="background:url(\'//evil.example.com/x\')">'],
      ['<td style=\'background:url("//evil.example.com/x")\'>'],
      ['<td style="background:URL(//good.example.org @evil.example.com/)">', ['good.example.org', evil]],
      ['<td style="background:url(\'//good.example.org @evil.example.com/\')">'],
      ['<style>a{background:url(//evil.example.com/x)}</style>'],
      ['<style>a{background:url("//evil.example.com/x")}</style>'],
      ['<style>a{background:url(http\\3a//evil.example.com/x)}</style>'],
      ['<style>a{background:url(http:\\2f\\2f evil.example.com/x)}</style>'],
      ['<style>@import url(//evil.example.com/x);</style>'],
      ['<style>@import "http://evil.example.com/x";</style>'],
      ['<!-- <a href="//evil.example.com/x"> -->'],
      ['<iframe srcdoc="&lt;a href=&quot;http://evil.example.com/&quot;&gt;">'],
      // A quotation mark that is missing.
      ['<a href="http://evil.example.com/'],
      ['<a href="http://good.example.org @evil.example.com/'],
      ['<a href=//evil.example.com/'],
      ['<td style="background:url(//evil.example.com/'],
      ['<a href="http://a.example.com/>x</a> <a href=\'//evil.example.com/', ['a.example.com', evil]],
      [
        '<a href="http://a.example.com/>x</a> <a href=\'//b.example.com/>y</a> <a href=//evil.example.com/',
        ['a.example.com', 'b.example.com', evil],
      ],
      ['<a href="x>x</a> <a href=\'y>y</a> url(//evil.example.com/'],
      ['<a href="http://evil.example.com/>x</a>'],
      ['<a href="http://a.example.com/>x</a> <a href="//evil.example.com/">', ['a.example.com', evil]],
      [
        "<a href=\"http://a.example.com/>x</a> <a href='http://good.example.org @evil.example.com/'>",
        ['a.example.com', evil],
      ],
    ],
    html,
  );
});

describe('hosts: other letters and numbers that browsers read', () => {
  each(
    [
      ['<a href="http://ｅｖｉｌ.ｅｘａｍｐｌｅ.ｃｏｍ/">'],
      ['<a href="http://ⓔⓥⓘⓛ.example.com/">'],
      ['<a href="http://𝐞𝓋𝖎𝚕.example.com/">'],
      ['<a href="http://ＥＶＩＬ。ＥＸＡＭＰＬＥ．ＣＯＭ/">'],
      ['<a href="http://evil․example․com/">'],
      ['<a href="http://evil。example｡com/">'],
      ['<a href="http://evil%E3%80%82example.com/">'],
      ['<a href="http://%65vil.example%2Ecom/">'],
      ['<a href="http://ev\u00adil.exa\u200dmple\ufeff.com/">'],
      ['<a href="http://EVIL.example.com/">', ['EVIL.example.com']],
      ['<a href="http://BÜCHER.example.com/">', [latin1('bücher.example.com')]],
      ['<a href="http://xn--bcher-kva.example.com/">', ['xn--bcher-kva.example.com']],
      ['<a href="http://127.1">', ['127.0.0.1']],
      ['<a href="http://127.1/x">', ['127.0.0.1']],
      ['<a href="http://3221225985/">', ['192.0.2.1']],
      ['<a href="http://0xC0000201">', ['192.0.2.1']],
      ['<a href="http://0300.0.02.01/">', ['192.0.2.1']],
      ['<a href="http://0xc0.0.0x2.1/">', ['192.0.2.1']],
      ['<a href="http://192.0.513/">', ['192.0.2.1']],
      ['<a href="http://①⑨②.0.2.1/">', ['192.0.2.1']],
      ['<a href="http://[2001:DB8:0:0::1]/">', ['2001:db8::1']],
      ['<a href="http://[::ffff:192.0.2.1]/">', ['::ffff:c000:201']],
      ['<a href="http://evil.example.com:0000000080/x">'],
      ['<a href="http://evil.example.com:00000000000000000000443/x">'],
      ['<a href="http://evil.example.com:/x">'],
      ['<a href="http://evil.example.com:0/x">'],
      ['<a href="http://a_b-.evil.example.com/">', ['a_b-.evil.example.com']],
      ['<a href="http://x&quot;y.example.com/">', ['x"y.example.com']],
    ],
    html,
  );
});

describe('text: what stands around a URI', () => {
  each(
    [
      ['Link:http://evil.example.com/x'],
      ['Website:https://evil.example.com'],
      ['URL:http://evil.example.com/x'],
      ['url:http://evil.example.com: user'],
      ['view-source:http://evil.example.com/'],
      ['feed:http://evil.example.com/'],
      ['From:http://evil.example.com/'],
      ['Mail:http://evil.example.com/'],
      ['file:http://evil.example.com/'],
      ['data:http://evil.example.com/'],
      ['IP:http://evil.example.com/'],
      ['a:b:http://evil.example.com/'],
      ['Website:www.evil.example.com', ['www.evil.example.com']],
      ['E-Mail:joe@evil.example.com'],
      ['http://evil.example.com, and'],
      ['http://evil.example.com! and'],
      ['http://evil.example.com; and'],
      ['(http://evil.example.com).'],
      ['[http://evil.example.com]'],
      ['"http://evil.example.com",'],
      ["'http://evil.example.com';"],
      ['*http://evil.example.com*'],
      ['~http://evil.example.com~'],
      ['|http://evil.example.com|'],
      ['=http://evil.example.com'],
      ['http://evil.example.com?!...'],
      ['http://evil.example.com)))).'],
      ['http://evil.example.com...'],
      ['http://evil.example.com,and'],
      ['http://evil.example.com)and'],
      ['http://evil.example.com;jsessionid=1'],
      ["http://evil.example.com's"],
      ['[x](http://evil.example.com/y)'],
      ['go to evil.example.com, or call'],
      ['evil.example.com!'],
      ['(evil.example.com)'],
      ['...evil.example.com'],
      ['.evil.example.com'],
      ['-evil.example.com'],
      ['@evil.example.com'],
      ['joe@evil.example.com,'],
      ['joe@evil.example.com;jim@b.example.com', [evil, 'b.example.com']],
      ['a.example.com,b.example.com|c.example.com', ['a.example.com', 'b.example.com', 'c.example.com']],
      ['http://a.example.com,http://b.example.com', ['a.example.com', 'b.example.com']],
      ['www.evil.example.com:8080', ['www.evil.example.com']],
      ['evil.example.com:8080/x'],
      ['evil.example.com/?u=http://b.example.com/', [evil, 'b.example.com']],
      ['http://evil.example.com/a,b;c'],
      ['http://127.1', ['127.0.0.1']],
      ['http://0xC0000201', ['192.0.2.1']],
      ['http://user:name@evil.example.com/'],
      ['http://user@evil.example.com,and'],
      ['http://user@evil.example.com)and'],
      ['http://user@evil.example.com:8080)'],
      ['joe@evil.example.com)and'],
      ['joe@evil.example.com:25'],
      ["mailto:joe@evil.example.com'and"],
      ['http://evil.example.com–and'],
      ['http://evil.example.com👍'],
      ['👉www.evil.example.com', ['www.evil.example.com', latin1('👉www.evil.example.com')]],
      ['http://evil.example.com입니다'],
      ['evil.example.com에서'],
      ['http%3A%2F%2Fevil.example.com%2Fx'],
      ['%68ttp://evil.example.com/'],
      ['evil%2Eexample.com/x'],
      ['joe%40evil.example.com'],
      // With punctuation in it, what programs make of user information differs.
      ['http://good.example.org,x@evil.example.com/', [evil, 'good.example.org']],
      ['[a](https://www.example.com)[b](mailto:someone@evil.example.com)', [evil, 'www.example.com']],
      ['joe@a.example.com@http://evil.example.com', ['a.example.com', evil]],
      ['http://evil.example.com/\x1b(Bx'],
      ['\x1b(Bhttp://evil.example.com/'],
      ['http://evil.example.com\x1b(B/'],
      ['-----http://evil.example.com----------'],
      ['.....evil.example.com..........'],
      ['ignorethishttp://evil.example.com'],
      ['>>evil.example.com'],
      ['｜http://evil.example.com｜bar'],
      ['http://http://evil.example.com/'],
      ['Link:http://https://evil.example.com/'],
      ['http://evil.example.com:00080/'],
    ],
    plain,
  );

  test('brackets that belong to a path stay', () => {
    const raw = (text: string) => observe(`\r\n${text}`).uris.map((uri) => uri.uri_raw);
    expect(raw('(see http://en.example.org/wiki/A_(b)).')).toEqual(['http://en.example.org/wiki/A_(b)']);
    expect(raw('http://[2001:db8::1], [192.0.2.1]')).toEqual(['http://[2001:db8::1]', '192.0.2.1']);
    expect(raw('http://a.example.com/x,y.')).toEqual(['http://a.example.com/x,y']);
  });
});

describe('text: scripts that put no blank around a host', () => {
  each(
    [
      ['http://evil.example.com。次'],
      ['http://evil.example.comをご覧ください'],
      ['http://evil.example.com、次'],
      ['http://evil.example.com！次'],
      ['http://evil.example.com）次'],
      ['http://evil.example.com」次'],
      ['http://evil.example.com／次'],
      ['http://evil.example.com:80をご覧'],
      ['http://evil.example.com/xをご覧'],
      ['詳細はhttp://evil.example.com/x'],
      ['詳細:http://evil.example.com/x'],
      ['请访问http://evil.example.com，谢谢'],
      ['请访问evil.example.com，谢谢', [evil, latin1('请访问evil.example.com')]],
      ['evil.example.comをご覧'],
      ['joe@evil.example.comまで'],
      ['http://joe@evil.example.comまで'],
      ['evil。example。com'],
      ['ｅｖｉｌ．ｅｘａｍｐｌｅ．ｃｏｍ'],
      ['http：／／evil.example.com／x'],
      ['ｗｗｗ．evil.example.com', ['www.evil.example.com']],
      ['http://ⓔvil.example.com/'],
      ['詳細はevil.example.com', [evil, latin1('詳細はevil.example.com')]],
      // The host may be in such a script.
      ['http://例え.jp/', [latin1('例え.jp')]],
      ['http://пример.рф', [latin1('пример.рф')]],
      ['http://例え.テスト/', [latin1('例え.テスト')]],
    ],
    plain,
  );

  test('in the charsets of mail', () => {
    for (const [charset, octets] of [
      ['iso-2022-jp', '\x1b$B>\\:Y$O\x1b(Bhttp://evil.example.com/x'],
      ['iso-2022-jp', 'http://evil.example.com\x1b$B$r$4Mw\x1b(B'],
      ['shift_jis', 'http://evil.example.com\x81\x42\x8e\x9f'],
      ['euc-jp', 'http://evil.example.com\xa1\xa3\xbc\xa1'],
      ['gb2312', 'http://evil.example.com\xa1\xa3\xcf\xc2'],
      ['big5', 'http://evil.example.com\xa1\x43\xa4\x55'],
    ] as const) {
      const { uris } = observe(`Content-Type: text/plain; charset=${charset}\r\n\r\n${octets}`);
      expect(
        uris.map((uri) => uri.host),
        charset,
      ).toEqual(only);
    }
  });
});

describe('headers', () => {
  const header = (text: string) => hostsIn(latin1(text), '');
  each(
    [
      ['List-Unsubscribe: <http://good.example.org @evil.example.com/>'],
      [
        'List-Unsubscribe: <http://good.example.org@evil.example.com/>, <mailto:u@evil.example.com>',
        [evil, evil],
      ],
      ['List-Unsubscribe: <http://evil.exa\r\n\tmple.com/x>'],
      ['X-Any: Link:http://evil.example.com, and'],
      ['Subject: visit www.evil.example.com, now', ['www.evil.example.com']],
      ['Subject: http://evil.example.com。次'],
      [`X-Any: <http://${'u'.repeat(3000)}@evil.example.com/>`],
      ['X-Any: http://127.1', ['127.0.0.1']],
      // Words in other charsets; a character may be split over two of them.
      ['Subject: =?iso-2022-jp?B?GyRCPlw6WSRPGyhCaHR0cDovL2V2aWwuZXhhbXBsZS5jb20v?='],
      ['Subject: =?utf-16le?B?aAB0AHQAcAA6AC8ALwBlAHYAaQBsAC4AZQB4AGEAbQBwAGwAZQAuAGMAbwBtAC8A?='],
      ['Subject: =?utf-8*de?Q?http:=2F=2Fevil.exa?= =?utf-8*de?Q?mple.com?='],
      ['Subject: =?utf-7?Q?http+ADo-//evil+AC4-example.com/?='],
      ['Subject: =?utf-8?B?aHR0cDovL2V2aWwuZXhhbXBsZS5jb23jg?= =?utf-8?B?II=?='],
      ['Subject: =?us-ascii?Q?http://evil?= =?iso-8859-1?Q?.example.com/?='],
      ['Subject: =?x-none?Q?http://evil.example.com/?='],
    ],
    header,
  );
});

describe('links that somebody has to put right, and what stands in links', () => {
  each(
    [
      ['hxxp://evil.example.com/'],
      ['hxxps://evil[.]example[.]com/x'],
      ['h**p://evil.example.com/'],
      ['meow://evil.example.com/'],
      ['http[:]//evil.example.com/'],
      ['http[://]evil.example.com/'],
      ['evil[.]example[.]com'],
      ['evil(.)example(.)com'],
      ['evil[dot]example[dot]com'],
      ['joe[at]evil[.]example[.]com'],
      ['joe(at)evil.example.com'],
      ['http:evil.example.com/x'],
      ['http:/evil.example.com/x'],
      ['\\\\evil.example.com\\share'],
      ['http://a.example.com/?u=http://evil.example.com/', ['a.example.com', evil]],
      ['http://a.example.com/x#http://evil.example.com/', ['a.example.com', evil]],
      ['http://a.example.com/r/http://evil.example.com/', ['a.example.com', evil]],
      ['http://a.example.com/r/http:/evil.example.com/', ['a.example.com', evil]],
      ['http://a.example.com/r/https%3A%2F%2Fevil.example.com%2F', ['a.example.com', evil]],
      ['http://a.example.com/?x=1&u=http%3A%2F%2Fevil.example.com', ['a.example.com', evil]],
      ['http://a.example.com/?u=http%25253A%25252F%25252Fevil.example.com', ['a.example.com', evil]],
      ['http://a.example.com/?u=//evil.example.com', ['a.example.com', evil]],
      ['http://a.example.com/?u=evil.example.com/x', ['a.example.com', evil]],
      ['http://a.example.com/?redirect_uri=evil.example.com', ['a.example.com', evil]],
      ['http://a.example.com/?u=aHR0cDovL2V2aWwuZXhhbXBsZS5jb20v', ['a.example.com', evil]],
      ['http://a.example.com/r/aHR0cHM6Ly9ldmlsLmV4YW1wbGUuY29tLw/x', ['a.example.com', evil]],
      ['https://www.google.com/url?q=http://evil.example.com/&sa=D', ['www.google.com', evil]],
      ['https://www.google.com/amp/s/evil.example.com/x', ['www.google.com', evil]],
      [
        'https://urldefense.proofpoint.com/v2/url?u=http-3A__evil.example.com_x&d=1',
        ['urldefense.proofpoint.com', evil],
      ],
      ['https://urldefense.com/v3/__http://evil.example.com/x__;!!a', ['urldefense.com', evil]],
      [
        'https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fevil.example.com%2Fx&data=1',
        ['eur01.safelinks.protection.outlook.com', evil],
      ],
      ['http://a.example.com/?id=b.example.com&file=c.example.com', ['a.example.com']],
      ['mailto:a@a.example.com,b@evil.example.com', ['a.example.com', evil]],
      ['mailto:a@a.example.com?cc=b@evil.example.com', ['a.example.com', evil]],
      ['mailto:a@a.example.com?body=see%20http://evil.example.com/', ['a.example.com', evil]],
      ['javascript:location="http://evil.example.com/"', ['javascript:location=', evil]],
      // No program makes a link of these, and few people do.
      ['evil dot example dot com', []],
      ['evil(dot)example(dot)com', []],
      // Names that could be hosts are taken for hosts: their top-level domains exist.
      ['see readme.md and a.zip', ['readme.md', 'a.zip']],
    ],
    plain,
  );
  const script = 'javascript:location="//evil.example.com/"';
  const page = 'data:text/html,<a href=http://evil.example.com/>';
  const encoded = 'data:text/html;base64,PGEgaHJlZj1odHRwOi8vZXZpbC5leGFtcGxlLmNvbS8+';
  each(
    [
      [`<a href='${script}'>`, [script, evil]],
      [`<a href="${page}">`, [page, evil]],
      [`<a href="${encoded}">`, [encoded, evil]],
      [
        '<a href="data:image/png;base64,aHR0cDovL2V2aWwuZXhhbXBsZS5jb20v">',
        ['data:image/png;base64,aHR0cDovL2V2aWwuZXhhbXBsZS5jb20v'],
      ],
      // Words that tags split are found as people see them, and in pieces.
      ['http://evil.<b>exam</b>ple.com/', ['evil', 'ple.com', evil]],
      ['http://evil.<!-- x -->example.com/', ['evil', 'example.com', evil]],
      ['http://evil.<a></a>example<wbr>.com<p>x', ['evil', evil]],
      ['joe@evil.<i>example.com</i>', ['example.com', evil]],
      ['http://evil.<br>example.com/', ['evil', 'example.com']],
      // Quotation marks that are missing, attributes that only look like href.
      ['<a title="x href=http://a.example.com/" href="http://evil.example.com/">', ['a.example.com', evil]],
    ],
    html,
  );
});

describe('where links stand', () => {
  each(
    [
      ['<base href="http://evil.example.com/"><a href="/x">'],
      ['<link rel="stylesheet" href="http://evil.example.com/">'],
      ['<area href="http://evil.example.com/">'],
      ['<form action="http://evil.example.com/">'],
      ['<input formaction=http://evil.example.com/>'],
      ['<svg><use href="//evil.example.com"/></svg>'],
      ['<math href="http://evil.example.com/">'],
      ['<style>@import "//evil.example.com/x.css"</style>'],
      ['<noscript><a href="http://evil.example.com/"></noscript>'],
      ['<textarea>http://evil.example.com/</textarea>'],
      ['<!-- http://evil.example.com/ -->'],
      ['<!--[if mso]><v:roundrect href="http://evil.example.com/"><![endif]-->'],
      ['<![CDATA[http://evil.example.com/]]>'],
      ['<script>window.open("http://evil.example.com/")</script>', ['window.open', evil]],
    ],
    html,
  );
  each(
    [
      ['Content-Location: http://evil.example.com/x'],
      ['Content-Base: "http://evil.example.com/"'],
      ['Subject: http://evil.example.com/x'],
      ['List-Help: <http://evil.example.com/x>'],
      ['X-Any: hxxp://evil[.]example.com'],
    ],
    (text) => hostsIn(latin1(text), ''),
  );
  const part = (head: string): string =>
    `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n${head}\r\n\r\nx\r\n--b--\r\n`;
  const bodies: readonly Row[] = [
    [part('Content-Location: http://evil.example.com/')],
    [part('Content-Description: =?utf-8?B?aHR0cDovL2V2aWwuZXhhbXBsZS5jb20v?=')],
    [part('Content-Type: message/rfc822\r\n\r\nSubject: www.evil.example.com'), ['www.evil.example.com']],
    ['Content-Type: message/rfc822\r\n\r\nSubject: www.evil.example.com\r\n\r\nx', ['www.evil.example.com']],
    [
      `Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from('Subject: www.evil.example.com\r\n\r\nx').toString('base64')}`,
      ['www.evil.example.com'],
    ],
    ['Content-Type: text/calendar\r\n\r\nURL:http://evil.exa\r\n mple.com/x\r\nA:b\r\n'],
    ['Content-Type: application/octet-stream; name=x.vcf\r\n\r\nURL:http://evil.exa\n\tmple.com/x'],
    ['Content-Type: text/plain; charset=utf-7\r\n\r\nhttp+ADo-//evil.example+AC4-com/x'],
    [
      'Content-Type: text/html; charset=utf-16le\r\nContent-Transfer-Encoding: base64\r\n\r\nHwQ8BCAAaAB0AHQAcAA6AC8ALwBlAHYAaQBsAC4AZQB4AGEAbQBwAGwAZQAuAGMAbwBtAC8A',
    ],
    ['Content-Type: text/plain; format=flowed; delsp=yes\r\n\r\nhttp://evil.exa \r\nmple.com/x'],
    ['Content-Transfer-Encoding: quoted-printable\r\n\r\nhttp://evil.exa=\r\nmple.com/x'],
    ['Content-Type: text/vcard\r\n\r\nURL:http://evil.example.com/x'],
    ['Content-Type: message/external-body; access-type=URL; URL="http://evil.example.com/x"\r\n\r\n'],
    ['Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nhttp://evil.example.com/'],
    ['Content-Type: application/octet-stream; name=x.url\r\n\r\nURL=http://evil.example.com/'],
  ];
  each(bodies, (text) => {
    const at = text.indexOf('\r\n\r\n');
    return hostsIn(text.slice(0, at), text.slice(at + 4));
  });
});

describe('attributes: quotes within quotes, and what nobody decoded', () => {
  each(
    [
      ['<iframe srcdoc="<a href=&quot;//evil.example.com&quot;>x</a>">'],
      ['<div style="background:url(&quot;//evil.example.com/x&quot;)">'],
      ['<div style="background:url(&#39;//evil.example.com/x&#39;)">'],
      ['<a href=&quot;http://evil.example.com&quot;>'],
      ['<a href=3D"http://evil.example.com">'],
      ["<a href=3D'http://evil.example.com'>"],
      ['<a href=`http://evil.example.com`>'],
      ['<a href=“http://evil.example.com”>'],
      ['<a href=„http://evil.example.com“>'],
      ['<a href="«http://evil.example.com»">'],
    ],
    html,
  );
});

describe('hosts without scheme in scripts and style sheets', () => {
  each(
    [
      ['<style>@import "//evil.example.com/x.css";</style>'],
      ['<script>location="//evil.example.com/x"</script>'],
      ['<param name=movie value="//evil.example.com/x">'],
      ['<a data-href="//evil.example.com">'],
      ['<p>// not//here.example.com</p>', []],
    ],
    html,
  );
});

describe('text: full-width schemes, letters of scripts without blanks on both sides', () => {
  each(
    [
      ['http：//evil.example.com/x'],
      ['http:／／evil.example.com/x'],
      ['ｈｔｔｐ://evil.example.com/x'],
      ['ｈｔｔｐｓ：//evil.example.com/x'],
      ['リンクevil.example.comです'],
      ['链接evil.example.com。次'],
    ],
    plain,
  );
});
