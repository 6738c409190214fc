import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import {
  type Comment,
  type ImportDeclaration,
  type Program,
  parseSync,
  type Span,
  type Statement,
  type TSInterfaceDeclaration,
  type TSSignature,
  type TSType,
} from 'oxc-parser'

/** A member of an interface, as it stands in the source. */
export interface DocumentedMember {
  readonly name: string
  readonly isOptional: boolean
  /** Its doc comment on one line; undefined without one. */
  readonly comment: string | undefined
  /** The type that is written there. */
  readonly type: string
  /** The forms that its value can have, where that is an object. */
  shapes(): readonly Shape[]
}

/** The members of one form of an object, by name; a union has several forms. */
export type Shape = ReadonlyMap<string, DocumentedMember>

interface SourceFile {
  /** From the folder of this repository, where it is not absolute. */
  readonly path: string
  readonly text: string
  readonly program: Program
  readonly comments: readonly Comment[]
}

type Declared = TSInterfaceDeclaration | TSType

const root = join(import.meta.dirname, '../..')
const files = new Map<string, SourceFile>()

/** The forms of an interface, a type alias or a function's first parameter, with what it extends, wherever that stands. */
export function documentedShapes(path: string, name: string): readonly Shape[] {
  const found = named(sourceFile(path), name)
  if (found === undefined) throw new Error(`${path} declares no type ${name}.`)
  return shapesOf(found.declared, found.file)
}

/** All members of several shapes that have one of that name. */
export function mergedMember(shapes: readonly Shape[], name: string): DocumentedMember | undefined {
  const members = shapes.flatMap((shape) => shape.get(name) ?? [])
  const [first] = members
  if (first === undefined) return undefined
  const comment = members.find((member) => member.comment !== undefined)?.comment
  return { ...first, comment, shapes: () => members.flatMap((member) => member.shapes()) }
}

function sourceFile(path: string): SourceFile {
  const known = files.get(path)
  if (known) return known
  const text = readFileSync(resolve(root, path), 'utf8')
  const { program, comments, errors } = parseSync(path, text)
  const [error] = errors
  if (error) throw new Error(`${path} cannot be parsed: ${error.message}`)
  const file = { path, text, program, comments }
  files.set(path, file)
  return file
}

interface Found {
  readonly declared: Declared
  readonly file: SourceFile
}

/** A declaration of the file itself, or of the one that it imports it from. */
function named(file: SourceFile, name: string): Found | undefined {
  for (const statement of file.program.body) {
    const found = statement.type === 'ImportDeclaration' ? imported(file, statement, name) : declaredBy(file, statement, name)
    if (found) return found
  }
  return undefined
}

function declaredBy(file: SourceFile, statement: Statement, name: string): Found | undefined {
  const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement
  if (declaration === null || !('id' in declaration) || declaration.id?.type !== 'Identifier' || declaration.id.name !== name) {
    return undefined
  }
  if (declaration.type === 'TSInterfaceDeclaration') return { declared: declaration, file }
  if (declaration.type === 'TSTypeAliasDeclaration') return { declared: declaration.typeAnnotation, file }
  if (declaration.type !== 'FunctionDeclaration') return undefined
  const [parameter] = declaration.params
  const annotation = parameter && 'typeAnnotation' in parameter ? parameter.typeAnnotation : undefined
  return annotation ? { declared: annotation.typeAnnotation, file } : undefined
}

function imported(file: SourceFile, { source, specifiers }: ImportDeclaration, name: string): Found | undefined {
  const specifier = specifiers.find(({ local }) => local.name === name)
  if (specifier?.type !== 'ImportSpecifier' || !source.value.startsWith('.')) return undefined
  const original = specifier.imported.type === 'Identifier' ? specifier.imported.name : specifier.imported.value
  return named(sourceFile(join(dirname(file.path), source.value)), original)
}

/** Nothing for what is no object, such as a text or a list. */
function shapesOf(declared: Declared, file: SourceFile): readonly Shape[] {
  switch (declared.type) {
    case 'TSInterfaceDeclaration': {
      const bases = declared.extends.map(({ expression, typeArguments }) => {
        return expression.type === 'Identifier' ? referred(expression.name, typeArguments?.params ?? [], file) : []
      })
      return bases.reduce(combined, [membersOf(declared.body.body, file)])
    }
    case 'TSTypeLiteral':
      return [membersOf(declared.members, file)]
    case 'TSParenthesizedType':
      return shapesOf(declared.typeAnnotation, file)
    case 'TSUnionType':
      return declared.types.flatMap((type) => shapesOf(type, file))
    case 'TSIntersectionType':
      return declared.types.map((type) => shapesOf(type, file)).reduce(combined)
    case 'TSTypeReference':
      return declared.typeName.type === 'Identifier'
        ? referred(declared.typeName.name, declared.typeArguments?.params ?? [], file)
        : []
    default:
      return []
  }
}

function referred(name: string, given: readonly TSType[], file: SourceFile): readonly Shape[] {
  const [of, names] = given
  if ((name === 'Omit' || name === 'Pick') && of && names) {
    const listed = new Set((names.type === 'TSUnionType' ? names.types : [names]).map(literalText))
    const isLeft = (member: string) => listed.has(member) === (name === 'Pick')
    return shapesOf(of, file).map((shape) => new Map([...shape].filter(([member]) => isLeft(member))))
  }
  const found = named(file, name)
  return found ? shapesOf(found.declared, found.file) : []
}

function literalText(type: TSType): unknown {
  return type.type === 'TSLiteralType' && type.literal.type === 'Literal' ? type.literal.value : undefined
}

/** Every form of the one with every form of the other; what the first declares itself stands. */
function combined(left: readonly Shape[], right: readonly Shape[]): readonly Shape[] {
  if (right.length === 0) return left
  return left.flatMap((own) => right.map((base) => new Map([...base, ...own])))
}

function membersOf(members: readonly TSSignature[], file: SourceFile): Shape {
  const properties = members.flatMap((member): readonly DocumentedMember[] => {
    if (member.type !== 'TSPropertySignature' || member.key.type !== 'Identifier' || member.computed) return []
    const type = member.typeAnnotation?.typeAnnotation
    return [
      {
        name: member.key.name,
        isOptional: member.optional,
        comment: commentBefore(member, file),
        type: type ? file.text.slice(type.start, type.end) : '',
        shapes: () => (type ? shapesOf(type, file) : []),
      },
    ]
  })
  return new Map(properties.map((member) => [member.name, member]))
}

function commentBefore({ start }: Span, { comments, text }: SourceFile): string | undefined {
  const comment = comments.findLast(({ end }) => end <= start)
  if (comment?.type !== 'Block' || !comment.value.startsWith('*') || text.slice(comment.end, start).trim() !== '')
    return undefined
  const lines = comment.value.slice(1).split('\n')
  const words = lines.map((line) => line.trim().replace(/^\*\s?/, '')).join(' ')
  return words.replace(/\{@link (\w+)\}/g, '`$1`').trim()
}
