import { SluiceError } from '../errors.ts'

/** What a compressed file may grow to. */
export interface UnpackLimit {
  readonly bytes: number
  /** How many times its own size; files that grow to no more than 64 MiB may have any. */
  readonly ratio: number
}

const anyRatioBytes = 64 * 1024 * 1024

/** Counts what comes out of a compressed file. */
export class UnpackMeter {
  readonly #name: string
  readonly #limit: UnpackLimit
  #unpacked = 0

  constructor(name: string, limit: UnpackLimit) {
    this.#name = name
    this.#limit = limit
  }

  /** FILE_CORRUPT when more came out of the `packed` bytes so far than the limit allows. */
  add(unpacked: number, packed: number): void {
    this.#unpacked += unpacked
    const { bytes, ratio } = this.#limit
    const isOver = this.#unpacked > bytes || (this.#unpacked > anyRatioBytes && this.#unpacked > packed * ratio)
    if (!isOver) return
    const what = `${this.#unpacked} bytes came out of ${packed}`
    throw new SluiceError('FILE_CORRUPT', `${this.#name} grows beyond every measure when it is unpacked: ${what}.`, {
      hint: `If it is meant to, set unpackLimit: { bytes, ratio } in the extract script; now they are ${bytes} and ${ratio}.`,
      details: { file: this.#name },
    })
  }
}
