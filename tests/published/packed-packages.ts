import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly packageManager?: string;
  readonly private?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

export interface PublicPackage {
  /** The folder below `packages`. */
  readonly folder: string;
  readonly manifest: Manifest;
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

/** Every package that is published. */
export const publicPackages: readonly PublicPackage[] = readdirSync(join(root, 'packages'))
  .map((folder) => ({ folder, manifest: readManifest(join(root, 'packages', folder)) }))
  .filter(({ manifest }) => manifest.private !== true);

/** Packs all of them as they would be published, into `destination`. */
export async function packAll(destination: string): Promise<void> {
  const { packageManager } = readManifest(root);
  const pnpm = ['-y', String(packageManager), '--recursive', '--filter', './packages/*'];
  await run('npx', [...pnpm, 'pack', '--pack-destination', destination], { cwd: root });
}

/** The tarballs of a package and of ours that it depends on, and the peers it needs or is to have, for npm to install. */
export function installArguments(
  pack: PublicPackage,
  tarballs: string,
  optionalPeers: readonly string[] = [],
): string[] {
  const { manifest } = pack;
  const ours = Object.keys(manifest.dependencies ?? {}).flatMap((name) => {
    const dependency = publicPackages.find((one) => one.manifest.name === name);
    return dependency === undefined ? [] : installArguments(dependency, tarballs);
  });
  const peers = Object.keys(manifest.peerDependencies ?? {})
    .filter(
      (name) => manifest.peerDependenciesMeta?.[name]?.optional !== true || optionalPeers.includes(name),
    )
    .map((name) => `${name}@${installedVersion(pack, name)}`);
  const file = `${manifest.name.replace('@', '').replace('/', '-')}-${manifest.version}.tgz`;
  return [...new Set([join(tarballs, file), ...ours, ...peers])];
}

function installedVersion({ folder }: PublicPackage, name: string): string {
  return readManifest(join(root, 'packages', folder, 'node_modules', name)).version;
}

// The Node that a user has, not the one that came with the workspace's tools.
const usersPath = (process.env['PATH'] ?? '')
  .split(delimiter)
  .filter((folder) => !folder.includes('node_modules'))
  .join(delimiter);

/** Runs a command as a user would in an empty project; its standard output. */
export async function runAsUser(command: string, args: readonly string[], cwd: string): Promise<string> {
  const { stdout } = await run(command, args, { cwd, env: { ...process.env, PATH: usersPath } });
  return stdout;
}
