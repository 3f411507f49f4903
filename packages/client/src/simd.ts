import { textsWasm } from './texts-wasm.ts';

/** What assembly/texts.as exports. Numbers are addresses in its memory, or lengths in bytes. */
interface TextFunctions {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly escapeJson: (from: number, length: number, to: number, limit: number) => number;
  readonly pad: (text: number, length: number) => number;
  readonly md5: (longest: number) => void;
  addressesAt(): number;
  blocksAt(): number;
  digestsAt(): number;
}

/** The functions of assembly/texts.as, and their memory in parts: what is written to one is good until the next call. */
export interface Simd extends Pick<TextFunctions, 'escapeJson' | 'pad' | 'md5'> {
  readonly bytes: Buffer;
  /** Where texts are put that are to be read, and how many bytes there are for them. */
  readonly textAt: number;
  readonly textBytes: number;
  /** Where JSON is written, and how many bytes there are for it. */
  readonly jsonAt: number;
  readonly jsonBytes: number;
  /** Of each lane of `md5`: where its text is, and how many blocks it has. */
  readonly addresses: Uint32Array;
  readonly blocks: Uint32Array;
  /** Where the digests are written, one after the other. */
  readonly digestsAt: number;
}

/** Texts that `md5` takes at a time. */
export const lanes = 12;

/** What there is of it in every runtime; its types are otherwise those of browsers. */
interface WebAssemblyLike {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

const pageBytes = 65_536;
let made: Simd | undefined;

/** Made once, when it is needed: nothing that uses it waits in between. */
export function simd(): Simd {
  made ??= instantiate();
  return made;
}

function instantiate(): Simd {
  const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: WebAssemblyLike };
  const module = new WebAssembly.Module(Buffer.from(textsWasm, 'base64'));
  const functions = new WebAssembly.Instance(module).exports as TextFunctions;
  const { memory, escapeJson, pad, md5 } = functions;
  return {
    escapeJson,
    pad,
    md5,
    bytes: Buffer.from(memory.buffer),
    textAt: pageBytes,
    textBytes: 16 * pageBytes,
    jsonAt: 17 * pageBytes,
    jsonBytes: 20 * pageBytes,
    addresses: new Uint32Array(memory.buffer, functions.addressesAt(), lanes),
    blocks: new Uint32Array(memory.buffer, functions.blocksAt(), lanes),
    digestsAt: functions.digestsAt(),
  };
}
