/**
 * One behaviour that every implementation of an interface has. Runner-independent: `run` rejects with an
 * `AssertionError` where it is missing.
 *
 *     for (const { name, run } of queueContract(harness)) test(name, run);
 */
export interface ContractCase {
  readonly name: string;
  readonly run: () => Promise<void>;
}
