// npm mailauth 7.1.0 is loaded by its parts, on a Node that it does not ask for; only what the specs use. The types are here, so that the specs
// are checked where it is not installed.
declare module 'mailauth/lib/dkim/verify.js' {
  interface Options {
    readonly resolver: (name: string, type: string) => Promise<readonly (readonly string[])[]>;
    readonly strict?: boolean;
    readonly curTime?: Date;
    readonly minBitLength?: number;
  }
  interface Verified {
    readonly results: readonly { readonly status: { readonly result: string; readonly comment?: string } }[];
    readonly arc: unknown;
  }
  const verify: { dkimVerify(message: Buffer, options: Options): Promise<Verified> };
  export default verify;
}
declare module 'mailauth/lib/dkim/sign.js' {
  interface Signing {
    readonly signingDomain: string;
    readonly selector: string;
    readonly privateKey: string;
    readonly canonicalization?: string;
    readonly algorithm?: string;
  }
  const sign: {
    dkimSign(
      message: Buffer,
      options: { readonly signTime: Date; readonly signatureData: readonly Signing[] },
    ): Promise<{ readonly signatures: string; readonly errors: readonly unknown[] }>;
  };
  export default sign;
}
declare module 'mailauth/lib/arc/index.js' {
  interface Sealing {
    readonly signingDomain: string;
    readonly selector: string;
    readonly privateKey: string;
    readonly authResults: string;
    readonly cv: string;
    readonly signTime?: Date;
  }
  const arc: {
    arc(
      data: unknown,
      options: {
        readonly resolver: (name: string) => Promise<readonly (readonly string[])[]>;
        readonly strict?: boolean;
      },
    ): Promise<{ readonly status: { readonly result: string; readonly comment?: string } }>;
    sealMessage(message: Buffer, seal: Sealing): Promise<Buffer>;
  };
  export default arc;
}
declare module 'mailauth/lib/spf/index.js' {
  const spf: {
    spf(options: {
      readonly ip: string;
      readonly helo: string;
      readonly sender: string;
      readonly mta: string;
      readonly strict: boolean;
      readonly resolver: (name: string, type: string) => Promise<readonly unknown[]>;
    }): Promise<{ readonly status: { readonly result: string; readonly comment?: string } }>;
  };
  export default spf;
}
declare module 'mailauth/lib/dmarc/verify.js' {
  interface Verdict {
    readonly status: { readonly result: string };
    readonly domain?: string;
    readonly policyDomain?: string;
    readonly policy?: string;
  }
  const verify: (options: {
    readonly headerFrom: readonly string[];
    readonly spfDomains: readonly { readonly domain: string }[];
    readonly dkimDomains: readonly { readonly domain: string }[];
    readonly strict: boolean;
    readonly resolver: (name: string, type: string) => Promise<readonly unknown[]>;
  }) => Promise<Verdict | false>;
  export default verify;
}
