import { thriftType } from './thrift-writer.ts'

type ThriftValue = number | boolean | Uint8Array | ThriftStruct | readonly ThriftValue[]

/** The fields of a struct that was read. What is asked for and not there, or of another type, throws. */
export class ThriftStruct {
  readonly #fields: ReadonlyMap<number, ThriftValue>

  constructor(fields: ReadonlyMap<number, ThriftValue>) {
    this.#fields = fields
  }

  has(field: number): boolean {
    return this.#fields.has(field)
  }

  /** A number of bytes, rows or values: a safe integer that is not negative. */
  count(field: number): number {
    const value = this.#fields.get(field)
    if (typeof value !== 'number' || value < 0 || !Number.isSafeInteger(value)) throw missing(field, 'a count')
    return value
  }

  bytes(field: number): Uint8Array {
    const value = this.#fields.get(field)
    if (!(value instanceof Uint8Array)) throw missing(field, 'bytes')
    return value
  }

  text(field: number): string {
    return Buffer.from(this.bytes(field)).toString('utf8')
  }

  struct(field: number): ThriftStruct {
    const value = this.#fields.get(field)
    if (!(value instanceof ThriftStruct)) throw missing(field, 'a struct')
    return value
  }

  structs(field: number): readonly ThriftStruct[] {
    const value = this.#fields.get(field)
    if (!Array.isArray(value)) throw missing(field, 'a list')
    return value.map((item: ThriftValue) => {
      if (!(item instanceof ThriftStruct)) throw missing(field, 'a list of structs')
      return item
    })
  }
}

/** Reads one struct in Thrift's compact protocol at `start`; throws when the bytes are none. */
export function readThrift(bytes: Uint8Array, start: number): { readonly struct: ThriftStruct; readonly end: number } {
  const reader = new ThriftReader(bytes, start)
  return { struct: reader.struct(0), end: reader.position }
}

/** Parquet's own structs are less deep; damaged ones must not exhaust the stack. */
const maxDepth = 16

class ThriftReader {
  readonly #bytes: Uint8Array
  position: number

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes
    this.position = start
  }

  struct(depth: number): ThriftStruct {
    if (depth > maxDepth) throw new Error('structs too deep')
    const fields = new Map<number, ThriftValue>()
    let field = 0
    for (let head = this.#byte(); head !== 0; head = this.#byte()) {
      field = head >> 4 === 0 ? this.#integer() : field + (head >> 4)
      fields.set(field, this.#value(head & 15, depth))
    }
    return new ThriftStruct(fields)
  }

  #value(type: number, depth: number): ThriftValue {
    switch (type) {
      case thriftType.true:
        return true
      case thriftType.false:
        return false
      case thriftType.byte:
        return this.#byte()
      case thriftType.i16:
      case thriftType.i32:
      case thriftType.i64:
        return this.#integer()
      case thriftType.binary:
        return this.#binary()
      case thriftType.list:
        return this.#list(depth)
      case thriftType.struct:
        return this.struct(depth + 1)
      default:
        throw new Error(`type ${type} of Thrift`)
    }
  }

  #list(depth: number): readonly ThriftValue[] {
    const head = this.#byte()
    const count = head >> 4 === 15 ? this.#varint() : head >> 4
    if (count > this.#bytes.length - this.position) throw new Error('a list longer than the bytes')
    return Array.from({ length: count }, () => this.#value(head & 15, depth))
  }

  #binary(): Uint8Array {
    const length = this.#varint()
    if (length > this.#bytes.length - this.position) throw new Error('text longer than the bytes')
    this.position += length
    return this.#bytes.subarray(this.position - length, this.position)
  }

  #integer(): number {
    const value = this.#varint()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  #varint(): number {
    let value = 0
    for (let scale = 1; scale <= 2 ** 63; scale *= 128) {
      const byte = this.#byte()
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
    throw new Error('a number without end')
  }

  #byte(): number {
    const byte = this.#bytes[this.position++]
    if (byte === undefined) throw new Error('the bytes end early')
    return byte
  }
}

function missing(field: number, what: string): Error {
  return new Error(`field ${field} is not ${what}`)
}
