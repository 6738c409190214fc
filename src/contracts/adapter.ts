/** How the project turns a connection's type and options into a working source, lake, warehouse or control store. */
export interface Adapter<Options, Contract> {
  /** `sqlite`, `local`, `duckdb`: what configuration and messages call it. */
  readonly type: string
  /** Imports the driver package here, so that an unused adapter costs nothing. */
  open(options: Options): Promise<Contract>
}
