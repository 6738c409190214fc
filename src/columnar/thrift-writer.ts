/** The wire types of Thrift's compact protocol that Parquet's footer needs. */
export const thriftType = { true: 1, false: 2, byte: 3, i16: 4, i32: 5, i64: 6, binary: 8, list: 9, struct: 12 } as const

/** Writes one struct in Thrift's compact protocol. Integers must be safe integers. Every method returns the writer. */
export class ThriftWriter {
  #bytes = Buffer.allocUnsafeSlow(256)
  #used = 0
  #lastField = 0
  readonly #outerFields: number[] = []

  /** The fields of a struct that the caller knows to be the next list element or, with `field`, a field. */
  struct(field: number | undefined, fields: () => void): this {
    if (field !== undefined) this.#header(field, thriftType.struct)
    this.#outerFields.push(this.#lastField)
    this.#lastField = 0
    fields()
    this.#byte(0)
    this.#lastField = this.#outerFields.pop() ?? 0
    return this
  }

  boolean(field: number, value: boolean): this {
    return this.#header(field, value ? thriftType.true : thriftType.false)
  }

  byte(field: number, value: number): this {
    return this.#header(field, thriftType.byte).#byte(value & 255)
  }

  i16(field: number, value: number): this {
    return this.#header(field, thriftType.i16).#zigZag(value)
  }

  i32(field: number, value: number): this {
    return this.#header(field, thriftType.i32).#zigZag(value)
  }

  i64(field: number, value: number): this {
    return this.#header(field, thriftType.i64).#zigZag(value)
  }

  binary(field: number, value: string | Uint8Array): this {
    return this.#header(field, thriftType.binary).#binary(value)
  }

  i32List(field: number, values: readonly number[]): this {
    this.#list(field, thriftType.i32, values.length)
    for (const value of values) this.#zigZag(value)
    return this
  }

  textList(field: number, values: readonly string[]): this {
    this.#list(field, thriftType.binary, values.length)
    for (const value of values) this.#binary(value)
    return this
  }

  structList<T>(field: number, items: readonly T[], fields: (item: T, index: number) => void): this {
    this.#list(field, thriftType.struct, items.length)
    items.forEach((item, index) => {
      this.struct(undefined, () => fields(item, index))
    })
    return this
  }

  /** What was written, as bytes of its own. */
  bytes(): Uint8Array {
    return Uint8Array.prototype.slice.call(this.#bytes, 0, this.#used)
  }

  #list(field: number, type: number, count: number): void {
    this.#header(field, thriftType.list)
    if (count < 15) this.#byte((count << 4) | type)
    else this.#byte(0xf0 | type).#varint(count)
  }

  #header(field: number, type: number): this {
    const step = field - this.#lastField
    this.#lastField = field
    return step > 0 && step < 16 ? this.#byte((step << 4) | type) : this.#byte(type).#zigZag(field)
  }

  #binary(value: string | Uint8Array): this {
    const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value
    this.#varint(bytes.length)
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#used)
    this.#used += bytes.length
    return this
  }

  #zigZag(value: number): this {
    return this.#varint(value < 0 ? -2 * value - 1 : 2 * value)
  }

  #varint(value: number): this {
    let rest = value
    while (rest >= 128) {
      this.#byte((rest % 128) | 128)
      rest = Math.floor(rest / 128)
    }
    return this.#byte(rest)
  }

  #byte(value: number): this {
    this.#reserve(1)
    this.#bytes[this.#used++] = value
    return this
  }

  #reserve(more: number): void {
    if (this.#used + more <= this.#bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#used + more))
    this.#bytes.copy(grown, 0, 0, this.#used)
    this.#bytes = grown
  }
}
