/** A bug planted in a built package: the one occurrence of `find` in `file` is replaced. */
export interface Mutant {
  readonly name: string;
  /** Below `packages`. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}
