/** The options of node:zlib that are used. */
export interface ZlibOptions {
  readonly level?: number;
  readonly params?: Readonly<Record<number, number>>;
  readonly dictionary?: Uint8Array;
  readonly chunkSize?: number;
  readonly maxOutputLength?: number;
  readonly pledgedSrcSize?: number;
}

export type ZlibSync = (bytes: Uint8Array, options: ZlibOptions) => Uint8Array;
export type ZlibLater = (
  bytes: Uint8Array,
  options: ZlibOptions,
  callback: (error: Error | null, result: Uint8Array) => void,
) => void;

/** The part of node:zlib that is used. No import: a bundle for browsers must not look for it. */
export interface NodeZlib {
  readonly gzipSync: ZlibSync;
  readonly gzip: ZlibLater;
  readonly gunzipSync: (
    bytes: Uint8Array,
    options: { readonly maxOutputLength: number; readonly info: true },
  ) => { readonly buffer: Uint8Array; readonly engine: { readonly bytesWritten: number } };
  readonly deflateRawSync: ZlibSync;
  readonly deflateRaw: ZlibLater;
  readonly inflateRawSync: ZlibSync;
  readonly inflateRaw: ZlibLater;
  readonly brotliCompressSync: ZlibSync;
  readonly brotliDecompressSync: ZlibSync;
  /** From Node 22.15; `dictionary` is ignored before 22.19 and 24.6. */
  readonly zstdCompressSync?: ZlibSync;
  readonly zstdCompress?: ZlibLater;
  readonly zstdDecompressSync?: ZlibSync;
  readonly zstdDecompress?: ZlibLater;
  /** From Node 20.15 and 22.2. */
  readonly crc32?: (bytes: Uint8Array, crc?: number) => number;
}

interface NodeProcess {
  getBuiltinModule?(id: 'node:zlib'): NodeZlib | undefined;
}

/** `undefined` in browsers. Node has had `process.getBuiltinModule` since 20.16; Bun and Deno have it too. */
export function nodeZlib(): NodeZlib | undefined {
  const { process } = globalThis as { readonly process?: NodeProcess | undefined };
  return process?.getBuiltinModule?.('node:zlib');
}
