// The part of a message that its snippet is made of: of what is an alternative the plain text, else the first text that there is. Pure; looks at
// what it is given, however deep parts stand in each other, within bounds.
import { type PartFacts, partFacts } from '../../../message/mime/content-type.ts';
import { type Entity, readEntity } from './header-values.ts';

export interface TextPart {
  readonly facts: PartFacts;
  /** Encoded. */
  readonly body: Buffer;
}

const maxDepth = 20;
const maxParts = 500;

/** Parts that may still be looked at. */
interface Left {
  parts: number;
}

function factsOf({ values }: Entity, isDigest: boolean): PartFacts {
  const contentType = values.get('content-type') ?? [];
  const encoding = values.get('content-transfer-encoding') ?? [];
  if (contentType.length === 0 && encoding.length === 0) return isDigest ? MESSAGE : PLAIN;
  return partFacts(
    { contentType: contentType.slice(0, 1), encoding: encoding.slice(-1), disposition: [] },
    isDigest,
  );
}

/** Of what says nothing of itself: to find that out each time would cost as much as the rest of a small message. */
const undeclared = { contentType: [], encoding: [], disposition: [] };
const PLAIN = partFacts(undeclared, false);
const MESSAGE = partFacts(undeclared, true);

/** The bodies between the delimiter lines; the last one without a closing one goes to the end. */
function* childrenOf(body: Buffer, boundary: string, left: Left): Generator<Buffer> {
  const mark = Buffer.from(`--${boundary}`, 'latin1');
  let begin: number | undefined;
  for (let at = body.indexOf(mark); at >= 0; at = body.indexOf(mark, at + mark.length)) {
    if (at > 0 && body[at - 1] !== 10) continue;
    if (begin !== undefined) {
      const end = at > begin && body[at - 1] === 10 ? (body[at - 2] === 13 ? at - 2 : at - 1) : at;
      yield body.subarray(begin, Math.max(begin, end));
    }
    const behind = at + mark.length;
    if (body[behind] === 45 && body[behind + 1] === 45) return;
    const lineFeed = body.indexOf(10, behind);
    if (lineFeed < 0 || left.parts-- <= 0) return;
    begin = lineFeed + 1;
  }
  if (begin !== undefined) yield body.subarray(begin);
}

/** What names no type and subtype, or is in a coding that nobody knows, is no text to Dovecot. */
function isReadable({ values }: Entity): boolean {
  const [type] = values.get('content-type') ?? [];
  const coding = values.get('content-transfer-encoding')?.at(-1);
  return (
    (type === undefined || /^\s*(?:\([^()]*\)\s*)*[^\s/;()"]+\s*\/\s*[^\s/;()"]+/.test(type)) &&
    (coding === undefined || /^\s*(?:7bit|8bit|binary|quoted-printable|base64)(?![\w-])/i.test(coding))
  );
}

const isText = (type: string): boolean => type.startsWith('text/');

function find(entity: Entity, isDigest: boolean, depth: number, left: Left): TextPart | undefined {
  const facts = factsOf(entity, isDigest);
  const { body } = entity;
  if (isText(facts.type)) return isReadable(entity) ? { facts, body } : undefined;
  const [boundary] = facts.boundaries;
  if (!facts.type.startsWith('multipart/') || boundary === undefined || depth >= maxDepth) return undefined;
  if (facts.type === 'multipart/alternative') return best(body, boundary, left);
  for (const child of childrenOf(body, boundary, left)) {
    const found = find(readEntity(child), facts.digest, depth + 1, left);
    if (found !== undefined) return found;
  }
  return undefined;
}

function best(body: Buffer, boundary: string, left: Left): TextPart | undefined {
  let html: TextPart | undefined;
  let other: TextPart | undefined;
  for (const child of childrenOf(body, boundary, left)) {
    const entity = readEntity(child);
    if (!isReadable(entity)) continue;
    const part: TextPart = { facts: factsOf(entity, false), body: entity.body };
    const { type } = part.facts;
    if (type === 'text/plain') return part;
    if (type === 'text/html') html = part;
    else if (isText(type)) other ??= part;
  }
  return html ?? other;
}

export const findTextPart = (message: Entity): TextPart | undefined =>
  find(message, false, 0, { parts: maxParts });
