// Where a footer goes in a page: at `|`. What a browser makes of each page was looked at with parse5 when the table was written.
import { describe, expect, it } from 'vitest';
import { HtmlPlace } from '../../../../src/message/change/html-place.ts';

function placed(page: string): string {
  const place = new HtmlPlace();
  // Offsets as those of quoted-printable: never less, not always one more.
  for (const [i, octet] of Buffer.from(page, 'latin1').entries()) place.octet(octet, 3 * i);
  const at = place.place === undefined ? page.length : place.place / 3;
  return `${page.slice(0, at)}|${page.slice(at)}`;
}

const ENDS = [
  // As pages are.
  '<p>x</p>|',
  '<html><body><p>x</p>|</body></html>',
  '<HTML><BODY>x|</BODY\n></HTML>',
  '<html><body>x|</body ></html>\n<!-- 12 ms -->\n',
  '<body>x|</body class="y">',
  '<body>x|</body/>',
  '<html>x|</html>',
  '<body>x</body><body>y|</body>',
  '<body>x|</body><p>of the list</p>',
  '|',
  // Comments.
  '<body>x|</body></html><!-- </body> -->',
  '<body>x|</body></html><!-- </body>',
  '<body><!-- </body> -->x|</body>',
  '<!-- </body> -->x|',
  '<body>x<!-->y|</body><!-- </body> -->',
  '<body>x<!--->y|</body>',
  '<body>x<!-- > </body> -->|</body>',
  '<body>x<!-- --!>|</body><!-- </body> --!>',
  '<body>x|</body><!--!></body>-->',
  '<body>x|</body><!---!></body>-->',
  '<body>x|</body><!-- -- > </body> -->',
  '<body>x<!-- <!-- -->|</body>',
  '<body>x<!----->|</body>',
  '<body>x<!-- --!-->|</body>',
  '<body>x|</body><!-- --!!></body> -->',
  'x|<!-- never closed </body>',
  'x|<!--',
  'x|<!-',
  'x|</',
  // Conditional comments, of which browsers know nothing.
  '<!--[if mso]></body><![endif]-->x|',
  '<body><!--[if mso]><table><tr><td><![endif]-->x<!--[if mso]></td></tr></table></body><![endif]-->|</body>',
  '<!--[if !mso]><!--><p>x</p>|</body><!--<![endif]-->',
  '<![if !mso]>x|</body><![endif]>',
  // What is no comment and is taken for one.
  '<body>x|</body><?php </body',
  '<body>x<?xml version="1.0"?>|</body>',
  '<body>x|</body></ </body>',
  '<body>x</>|</body>',
  '<body>x<!>|</body>',
  '<body>x<!->|</body>',
  '<!doctype html "</body>" x>y|',
  // Tags.
  '<body><a title="</body>">x</a>|</body>',
  "<body>x|</body><a title='</body>'>",
  '<body>x|</body><a title = "</body>">',
  '<body>x|</body><a title\n=\n"</body>">',
  '<body>x|</body><a b="1"title="</body>">',
  '<a href=</body>x|',
  '<a href=x/>y|</body>',
  'x|<a href="never closed </body>',
  'x|<a ',
  '<body>x|</body></bodyx></xbody></ body>',
  '<body>x|</body>< /body>',
  '1 < 2|',
  '1 < 2 <<b>x</b>|</body>',
  // What holds no markup.
  '<body>x|</body><script>"</body>"</script>',
  '<body>x<script>if (a < b) document.write("</body>")</script>|</body>',
  '<body>x|</body><SCRIPT type="a">"</body>"</SCRIPT >',
  '<script>"<!-- <script>"; "</script></body>"</script>x|',
  '<script><!-- "</body>" --></script>x|</body>',
  '<script><!-- "</body>" </script>x|</body>',
  '<script><!-- <script> --></script>x|</body>',
  '<body>x|</body><script></scrip </body>',
  '<body>x|</body><style>/* </body> */</style>',
  '<head><style>a > b {}</style></head>x|</body>',
  '<style></style x="</body>">y|',
  '<body>x|</body><title></body></title>',
  '<textarea></body></textarea>x|',
  '<xmp></body></xmp>x|',
  '<iframe></body></iframe>x|',
  '<noembed></body></noembed><noframes></body></noframes>x|',
  '<noscript></body></noscript>x|',
  '<body>x|</body><plaintext></body></plaintext></body>',
  // What swallows all that follows.
  'x|<script>never closed',
  'x|<style>never closed </styl',
  'x|<style>never closed </style ',
  'x|<title>never closed',
  'x|<plaintext>y',
  // What is not shown.
  '<template></body></template>x|',
  'x|<template>never closed </body>',
  'x|<select><option>y</body>',
  '<select><option>x</select>y|',
  'x|<select><template></select>y',
  'x|<svg><text>y</body>',
  '<svg><path d="M0"/></svg>x|</body>',
  '<svg/>x|',
  '<svg><title/>x</svg>y|',
  '<svg><![CDATA[ > </body> ]] > ]]]></svg>x|',
  '<p><![CDATA[ > x|</body> ]]>',
  '<video><source src="x"></video>y|',
  'x|<video>no video </body>',
];

describe('a footer goes', () => {
  it.each(ENDS)('%s', (page) => {
    expect(placed(page.replace('|', ''))).toBe(page);
  });

  it('where it goes in a page that has a thousand elements open', () => {
    const page = `x|${'<template>'.repeat(1000)}</body>`;
    expect(placed(page.replace('|', ''))).toBe(page);
  });
});
