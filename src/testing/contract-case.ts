/** One promise of a contract as a case that any adapter can be held to. */
export interface ContractCase {
  readonly name: string
  /** Rejects when the adapter does not keep the promise. */
  run(): Promise<void>
}
