// The limits of MIME and URI discovery. Whatever passes one of them makes the rest opaque; it never fails the mail.
// Made from the options by the session, handed to message/mime-reader.ts.
import type { OptionValues } from '../../options/option-table.ts';

export interface MimeLimits {
  /** Multiparts and embedded messages inside each other; a deeper one is a part without parts of its own. */
  readonly depth: number;
  /** Entries of mime.parts; everything behind the last one belongs to it. */
  readonly parts: number;
  /** Octets in the header block of one part; what follows belongs to its body. */
  readonly headerBytes: number;
  /** Octets in a boundary; a multipart with a longer one is not taken apart. */
  readonly boundaryLength: number;
  /** Entries of uri.found from the bodies, and as many again from the message headers. */
  readonly uris: number;
  /** Octets of uri_raw; a longer URI is cut. */
  readonly uriLength: number;
  /** Octets that one call of mime.content or mime.text gives. */
  readonly contentBytes: number;
  /** Octets that are read, decoded and unpacked for all calls about the parts of one message. */
  readonly readBytes: number;
  /** Names that mime.archive gives. */
  readonly archiveNames: number;
  /** Octets that mime.archive unpacks to look into archives in an archive. */
  readonly archiveBytes: number;
  /** Archives inside each other that mime.archive looks into. */
  readonly archiveDepth: number;
}

export type MimeLimitName = keyof MimeLimits;

/** RFC 2046 allows boundaries of 70 characters; mail with longer ones exists. */
export const defaultMimeLimits: MimeLimits = {
  depth: 50,
  parts: 1000,
  headerBytes: 1_048_576,
  boundaryLength: 250,
  uris: 2000,
  uriLength: 2048,
  contentBytes: 4_194_304,
  readBytes: 536_870_912,
  archiveNames: 1000,
  archiveBytes: 67_108_864,
  archiveDepth: 3,
};

export type MimeOptionName =
  | 'limit-mime-depth'
  | 'limit-mime-parts'
  | 'limit-mime-header-bytes'
  | 'limit-mime-boundary-length'
  | 'limit-uris'
  | 'limit-uri-length'
  | 'limit-mime-content-bytes'
  | 'limit-mime-read-bytes'
  | 'limit-archive-names'
  | 'limit-archive-bytes'
  | 'limit-archive-depth';

export function mimeLimits(values: Pick<OptionValues, MimeOptionName>): MimeLimits {
  return {
    depth: values['limit-mime-depth'],
    parts: values['limit-mime-parts'],
    headerBytes: values['limit-mime-header-bytes'],
    boundaryLength: values['limit-mime-boundary-length'],
    uris: values['limit-uris'],
    uriLength: values['limit-uri-length'],
    contentBytes: values['limit-mime-content-bytes'],
    readBytes: values['limit-mime-read-bytes'],
    archiveNames: values['limit-archive-names'],
    archiveBytes: values['limit-archive-bytes'],
    archiveDepth: values['limit-archive-depth'],
  };
}

/** The option that sets a limit: its name in mime.limits. */
export function limitOption(name: MimeLimitName): MimeOptionName {
  switch (name) {
    case 'depth':
      return 'limit-mime-depth';
    case 'parts':
      return 'limit-mime-parts';
    case 'headerBytes':
      return 'limit-mime-header-bytes';
    case 'boundaryLength':
      return 'limit-mime-boundary-length';
    case 'uris':
      return 'limit-uris';
    case 'uriLength':
      return 'limit-uri-length';
    case 'contentBytes':
      return 'limit-mime-content-bytes';
    case 'readBytes':
      return 'limit-mime-read-bytes';
    case 'archiveNames':
      return 'limit-archive-names';
    case 'archiveBytes':
      return 'limit-archive-bytes';
    case 'archiveDepth':
      return 'limit-archive-depth';
  }
}

/** For the log: what happened when a limit was reached. */
export function limitText(name: MimeLimitName, limits: MimeLimits): string {
  switch (name) {
    case 'depth':
      return `more than ${limits.depth} multiparts or messages inside each other (limit-mime-depth): deeper ones are not taken apart`;
    case 'parts':
      return `more than ${limits.parts} parts (limit-mime-parts): the rest is not taken apart`;
    case 'headerBytes':
      return `more than ${limits.headerBytes} bytes of headers in a part (limit-mime-header-bytes): the rest of them is taken for its body`;
    case 'boundaryLength':
      return `a boundary of more than ${limits.boundaryLength} bytes (limit-mime-boundary-length): its multipart is not taken apart`;
    case 'uris':
      return `more than ${limits.uris} URIs, or ${limits.uris * 256} bytes of them (limit-uris): further ones are not listed`;
    case 'uriLength':
      return `a URI of more than ${limits.uriLength} bytes (limit-uri-length) was cut`;
    case 'contentBytes':
      return `more than ${limits.contentBytes} bytes of a part (limit-mime-content-bytes): the policy was given so many`;
    case 'readBytes':
      return `more than ${limits.readBytes} bytes read of the parts of a message (limit-mime-read-bytes): no more is read for the policy`;
    case 'archiveNames':
      return `more than ${limits.archiveNames} names in an archive (limit-archive-names): further ones are not listed`;
    case 'archiveBytes':
      return `more than ${limits.archiveBytes} bytes to unpack from an archive (limit-archive-bytes): the rest is not looked into`;
    case 'archiveDepth':
      return `more than ${limits.archiveDepth} archives inside each other (limit-archive-depth): deeper ones are not looked into`;
  }
}
