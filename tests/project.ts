import { globSync } from 'node:fs';
import { join } from 'node:path';

export const projectRoot: string = join(import.meta.dirname, '..');

/** Paths from the root of the project, with forward slashes, of what matches any of the patterns and is not installed or built. */
export function projectFiles(...patterns: readonly string[]): readonly string[] {
  return globSync([...patterns], { cwd: projectRoot, exclude: ['**/node_modules', '**/dist'] })
    .map((path) => path.replaceAll('\\', '/'))
    .sort();
}
