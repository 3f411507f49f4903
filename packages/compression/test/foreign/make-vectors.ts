// Makes vectors.json anew, by the very code of the two libraries: npx -y pnpm@12.21.0 --filter @sqskit/compression foreign-vectors
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messages } from '../python/messages.ts';

interface ToolkitCodecs {
  resolveCodecHandler(codec: 'zstd'): { compress(data: Buffer): Promise<Buffer> };
  buildCodecEnvelope(compressed: Buffer, codec: 'zstd', preservedFields?: object): string;
}
interface SquissGzip {
  readonly GZIP_MARKER: string;
  compressMessage(message: string): Promise<string>;
}

const temporary = mkdtempSync(join(tmpdir(), 'foreign-vectors-'));

/** A module of a published package that needs nothing but Node: the rest of the package need not be installed. */
async function moduleOf<T>(name: string, version: string, file: string): Promise<T> {
  const folder = join(temporary, name);
  mkdirSync(folder, { recursive: true });
  const packed = execFileSync('npm', ['pack', '--silent', `${name}@${version}`], {
    cwd: folder,
    encoding: 'utf8',
  });
  execFileSync('tar', ['xzf', packed.trim()], { cwd: folder }); // into the folder `package`
  return import(pathToFileURL(join(folder, 'package', file)).href);
}

try {
  const toolkit = await moduleOf<ToolkitCodecs>(
    '@message-queue-toolkit/core',
    '27.0.0',
    'dist/codec/codecHandler.js',
  );
  const fromToolkit = await Promise.all(
    Object.entries(messages).map(async ([name, message], index) => {
      const text = JSON.stringify(message);
      const compressed = await toolkit.resolveCodecHandler('zstd').compress(Buffer.from(text));
      const preserved = index % 2 === 0 ? undefined : { id: `id-${index}`, type: 'a "type"' };
      const body = toolkit.buildCodecEnvelope(compressed, 'zstd', preserved);
      return { by: 'message-queue-toolkit', name, body };
    }),
  );

  const squiss = await moduleOf<SquissGzip>('squiss-ts', '5.6.0', 'dist/gzipUtils.js');
  const attributes = { [squiss.GZIP_MARKER]: { type: 'Number', value: '1' } };
  const fromSquiss = await Promise.all(
    Object.entries(messages).map(async ([name, message]) => {
      const text = JSON.stringify(message);
      return { by: 'squiss-ts', name, body: await squiss.compressMessage(text), attributes };
    }),
  );

  const vectors = [...fromToolkit, ...fromSquiss];
  writeFileSync(new URL('vectors.json', import.meta.url), `${JSON.stringify(vectors, undefined, 2)}\n`);
} finally {
  rmSync(temporary, { recursive: true });
}
