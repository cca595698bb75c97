/**
 * What loading a pickle would import and call, found out without doing either. A pickle is a program for a small machine with a stack and a
 * memo (CPython's pickletools has its opcodes); here the machine makes no objects but notes of them. Always true: what can't be followed is
 * a fault, never nothing.
 *
 * joblib writes the bytes of arrays into the pickle, right after the note of each; how many there are follows from its shape and type.
 */
import { Buffer } from 'node:buffer'
import type { Bytes } from './bytes.ts'

type Value =
  | { kind: 'any' | 'mark' | 'none' | 'array' }
  | { kind: 'text'; text: string }
  | { kind: 'int'; int: number }
  | { kind: 'tuple'; items: Value[] }
  /** `isWhole`: all that was set is in it, but for keys that are no text. */
  | { kind: 'dict'; entries: Map<string, Value>; isWhole: boolean }
  | { kind: 'global'; name: string }
  | { kind: 'made'; by: string; args: Value[]; state?: Value }

const any: Value = { kind: 'any' }
const mark: Value = { kind: 'mark' }
const none: Value = { kind: 'none' }

/** Why it can't be followed. */
export class Unfollowed extends Error {}

export interface Found {
  /** `module.function`, of each that it would import; and whether it reaches through what the module holds: `os.system` of another. */
  imports: Map<string, boolean>
  /** Whether something would be called that it made itself. */
  callsMade: boolean
  /** How many arrays' bytes were passed over. */
  arrays: number
}

interface Options {
  /** Whether it is read as joblib reads it: the bytes of an array follow its note. */
  joblib: boolean
}

const most = { opcodes: 50_000_000, depth: 5_000_000, memo: 5_000_000, line: 100_000, kept: 1_000, texts: 64_000_000, nested: 20 }
const wrapper = 'joblib.numpy_pickle.NumpyArrayWrapper'
/** As Python 3 reads the names of Python 2. */
const renamed: Record<string, string> = { __builtin__: 'builtins', copy_reg: 'copyreg', exceptions: 'builtins' }

const nameOf = (module: string, name: string) => `${renamed[module] ?? module}.${name}`
const isIn = (value: Value | undefined): value is Value => value !== undefined && value.kind !== 'mark'

/** Bytes of an item of that dtype, and whether they are objects, which are pickled each. */
function layout(dtype: Value | undefined): { bytes: number; isObject: boolean } {
  const wrong = () => new Unfollowed('the type of an array is computed')
  if (dtype?.kind !== 'made' || dtype.by !== 'numpy.dtype') throw wrong()
  const [code] = dtype.args
  const parts = code?.kind === 'text' ? /^([a-zA-Z])(\d+)$/.exec(code.text) : null
  if (!parts) throw wrong()
  const bytes = Number(parts[2]) * (parts[1] === 'U' ? 4 : 1)
  let isObject = parts[1] === 'O'
  const { state } = dtype
  if (state !== undefined) {
    if (state.kind !== 'tuple') throw wrong()
    const [, , sub, , fields, size] = state.items
    if (sub && sub.kind !== 'none') throw wrong()
    if (size && (size.kind !== 'int' || (size.int !== -1 && size.int !== bytes))) throw wrong()
    if (fields && fields.kind === 'dict' && fields.isWhole) {
      for (const field of fields.entries.values()) {
        if (field.kind !== 'tuple') throw wrong()
        isObject ||= layout(field.items[0]).isObject
      }
    } else if (fields && fields.kind !== 'none') throw wrong()
  }
  return { bytes, isObject }
}

/** Reads one pickle up to its end, and leaves the bytes behind it. */
export async function run(bytes: Bytes, found: Found, options: Options, nested = 0): Promise<Value> {
  if (nested > most.nested) throw new Unfollowed('pickles lie in pickles')
  const stack: Value[] = []
  const memo = new Map<number, Value>()
  let opcodes = 0
  let texts = 0

  const push = (value: Value) => {
    if (stack.length >= most.depth) throw new Unfollowed('it is too deep')
    stack.push(value)
  }
  const pop = (): Value => {
    const value = stack.pop()
    if (!isIn(value)) throw new Unfollowed('it takes what is not there')
    return value
  }
  const top = (): Value => {
    const value = stack.at(-1)
    if (!isIn(value)) throw new Unfollowed('it takes what is not there')
    return value
  }
  const toMark = (): Value[] => {
    const at = stack.lastIndexOf(mark)
    if (at < 0) throw new Unfollowed('it goes back to no mark')
    return stack.splice(at).slice(1)
  }
  const keep = (index: number, value: Value) => {
    if (memo.size >= most.memo) throw new Unfollowed('it remembers too much')
    memo.set(index, value)
  }
  const recall = (index: number): Value => {
    const value = memo.get(index)
    if (!value) throw new Unfollowed('it recalls what it has not kept')
    return value
  }
  const imported = (module: string, name: string): Value => {
    const whole = nameOf(module, name)
    const short = whole.length > 300 ? `${whole.slice(0, 300)}…` : whole
    found.imports.set(short, name.includes('.') || (found.imports.get(short) ?? false))
    return { kind: 'global', name: whole }
  }
  const made = (by: Value, args: Value): Value => {
    if (by.kind !== 'global') {
      found.callsMade = true
      return any
    }
    const list = args.kind === 'tuple' ? args.items : []
    // How an object of a class without one of its own ways is made.
    const first = list[0]
    if (by.name === 'copyreg._reconstructor' && first?.kind === 'global') return { kind: 'made', by: first.name, args: [] }
    return { kind: 'made', by: by.name, args: list }
  }
  const set = (target: Value, pairs: Value[]) => {
    if (pairs.length % 2) throw new Unfollowed('a key has no value')
    if (target.kind !== 'dict') return
    for (let i = 0; i < pairs.length; i += 2) {
      const key = pairs[i]!
      if (key.kind === 'text' && target.entries.size < most.kept) target.entries.set(key.text, pairs[i + 1]!)
      // A key that is not known may be any.
      else if (key.kind !== 'int' && key.kind !== 'tuple') target.isWhole = false
    }
  }
  const text = async (length: number): Promise<Value> => {
    texts += length
    if (length > most.kept || texts > most.texts) {
      await bytes.pass(length)
      return any
    }
    if (!(await bytes.has(length))) bytes.take(length)
    return { kind: 'text', text: bytes.take(length).toString('utf8') }
  }
  const bytesOf = async (length: number): Promise<Value> => {
    await bytes.pass(length)
    return any
  }
  const sized = (length: number): number => {
    const head = bytes.take(length)
    const size = length === 8 ? Number(head.readBigUInt64LE()) : head.readUIntLE(0, length)
    if (!Number.isSafeInteger(size)) throw new Unfollowed('a length is none')
    return size
  }
  const line = async () => bytes.line(most.line)
  const utf8Line = async () => Buffer.from(await line(), 'latin1').toString('utf8')

  async function build(): Promise<void> {
    const state = pop()
    const object = top()
    if (object.kind !== 'made') return
    object.state = state
    if (object.by !== wrapper || !options.joblib) return
    if (state.kind !== 'dict' || !state.isWhole) throw new Unfollowed('an array is noted otherwise')
    const shape = state.entries.get('shape')
    const counts = shape?.kind === 'tuple' ? shape.items.map((item) => (item.kind === 'int' ? item.int : Number.NaN)) : [Number.NaN]
    const { bytes: size, isObject } = layout(state.entries.get('dtype'))
    const length = counts.reduce((product, count) => product * count, 1) * size
    if (!Number.isSafeInteger(length) || counts.some((count) => count < 0)) throw new Unfollowed('the shape of an array is computed')
    found.arrays++
    stack.pop()
    if (isObject) await run(bytes, found, options, nested + 1)
    else {
      const alignment = state.entries.get('numpy_array_alignment_bytes')
      if (alignment && alignment.kind !== 'none') {
        if (!(await bytes.has(1))) throw new Unfollowed('an array ends too soon')
        await bytes.pass(bytes.byte())
      }
      await bytes.pass(length)
    }
    push({ kind: 'array' })
  }

  for (;;) {
    // An opcode and what of fixed length follows it.
    if (bytes.ready < 9) await bytes.has(9)
    if (++opcodes > most.opcodes) throw new Unfollowed(`it has more than ${most.opcodes} steps`)
    const code = bytes.byte()
    switch (code) {
      case 0x80: // PROTO
        if (bytes.byte() > 5) throw new Unfollowed('it is of a protocol that is not known')
        break
      case 0x95: // FRAME
        bytes.take(8)
        break
      case 0x2e: // STOP
        return pop()
      case 0x28: // MARK
        push(mark)
        break
      case 0x30: // POP
        if (stack.pop() === undefined) throw new Unfollowed('it takes what is not there')
        break
      case 0x31: // POP_MARK
        toMark()
        break
      case 0x32: // DUP
        push(top())
        break
      case 0x4e: // NONE
        push(none)
        break
      case 0x88: // NEWTRUE
      case 0x89: // NEWFALSE
        push(any)
        break
      case 0x49: // INT
      case 0x4c: {
        // LONG
        const int = Number((await line()).trim().replace(/L$/, ''))
        push(Number.isSafeInteger(int) ? { kind: 'int', int } : any)
        break
      }
      case 0x4a: // BININT
        push({ kind: 'int', int: bytes.take(4).readInt32LE() })
        break
      case 0x4b: // BININT1
        push({ kind: 'int', int: bytes.byte() })
        break
      case 0x4d: // BININT2
        push({ kind: 'int', int: bytes.take(2).readUInt16LE() })
        break
      case 0x8a: {
        // LONG1
        const length = bytes.byte()
        if (length > 6) push(await bytesOf(length))
        else push({ kind: 'int', int: length === 0 ? 0 : bytes.take(length).readIntLE(0, length) })
        break
      }
      case 0x8b: // LONG4
        push(await bytesOf(sized(4)))
        break
      case 0x46: // FLOAT
        await line()
        push(any)
        break
      case 0x47: // BINFLOAT
        bytes.take(8)
        push(any)
        break
      case 0x53: {
        // STRING
        const quoted = (await utf8Line()).trim()
        push(/^(['"])[^\\]*\1$/.test(quoted) ? { kind: 'text', text: quoted.slice(1, -1) } : any)
        break
      }
      case 0x56: {
        // UNICODE
        const raw = await line()
        push(raw.includes('\\') ? any : { kind: 'text', text: raw })
        break
      }
      case 0x55: // SHORT_BINSTRING
      case 0x8c: // SHORT_BINUNICODE
        push(await text(bytes.byte()))
        break
      case 0x54: // BINSTRING
      case 0x58: // BINUNICODE
        push(await text(sized(4)))
        break
      case 0x8d: // BINUNICODE8
        push(await text(sized(8)))
        break
      case 0x43: // SHORT_BINBYTES
        push(await bytesOf(bytes.byte()))
        break
      case 0x42: // BINBYTES
        push(await bytesOf(sized(4)))
        break
      case 0x8e: // BINBYTES8
      case 0x96: // BYTEARRAY8
        push(await bytesOf(sized(8)))
        break
      case 0x97: // NEXT_BUFFER
        push(any)
        break
      case 0x98: // READONLY_BUFFER
        top()
        break
      case 0x5d: // EMPTY_LIST
      case 0x8f: // EMPTY_SET
        push(any)
        break
      case 0x7d: // EMPTY_DICT
        push({ kind: 'dict', entries: new Map(), isWhole: true })
        break
      case 0x29: // EMPTY_TUPLE
        push({ kind: 'tuple', items: [] })
        break
      case 0x61: // APPEND
        pop()
        top()
        break
      case 0x65: // APPENDS
      case 0x90: // ADDITEMS
        toMark()
        top()
        break
      case 0x6c: // LIST
      case 0x91: // FROZENSET
        toMark()
        push(any)
        break
      case 0x74: // TUPLE
        push({ kind: 'tuple', items: toMark().slice(0, most.kept) })
        break
      case 0x85: // TUPLE1
        push({ kind: 'tuple', items: [pop()] })
        break
      case 0x86: // TUPLE2
      case 0x87: {
        // TUPLE3
        const last = [pop(), pop(), ...(code === 0x87 ? [pop()] : [])]
        push({ kind: 'tuple', items: last.reverse() })
        break
      }
      case 0x64: {
        // DICT
        const pairs = toMark()
        const dict: Value = { kind: 'dict', entries: new Map(), isWhole: true }
        set(dict, pairs)
        push(dict)
        break
      }
      case 0x73: {
        // SETITEM
        const value = pop()
        const key = pop()
        set(top(), [key, value])
        break
      }
      case 0x75: {
        // SETITEMS
        const pairs = toMark()
        set(top(), pairs)
        break
      }
      case 0x67: // GET
        push(recall(Number(await line())))
        break
      case 0x68: // BINGET
        push(recall(bytes.byte()))
        break
      case 0x6a: // LONG_BINGET
        push(recall(bytes.take(4).readUInt32LE()))
        break
      case 0x70: // PUT
        keep(Number(await line()), top())
        break
      case 0x71: // BINPUT
        keep(bytes.byte(), top())
        break
      case 0x72: // LONG_BINPUT
        keep(bytes.take(4).readUInt32LE(), top())
        break
      case 0x94: // MEMOIZE
        keep(memo.size, top())
        break
      case 0x82: // EXT1
      case 0x83: // EXT2
      case 0x84: // EXT4
        throw new Unfollowed('it imports by a number that only its program knows')
      case 0x63: // GLOBAL
        push(imported(await utf8Line(), await utf8Line()))
        break
      case 0x93: {
        // STACK_GLOBAL
        const name = pop()
        const module = pop()
        if (name.kind !== 'text' || module.kind !== 'text') throw new Unfollowed('what it imports is computed')
        push(imported(module.text, name.text))
        break
      }
      case 0x52: {
        // REDUCE
        const args = pop()
        push(made(pop(), args))
        break
      }
      case 0x81: {
        // NEWOBJ
        const args = pop()
        push(made(pop(), args))
        break
      }
      case 0x92: {
        // NEWOBJ_EX
        pop()
        const args = pop()
        push(made(pop(), args))
        break
      }
      case 0x69: {
        // INST
        const by = imported(await utf8Line(), await utf8Line())
        push(made(by, { kind: 'tuple', items: toMark() }))
        break
      }
      case 0x6f: {
        // OBJ
        const [by, ...items] = toMark()
        if (!by) throw new Unfollowed('it takes what is not there')
        push(made(by, { kind: 'tuple', items }))
        break
      }
      case 0x62: // BUILD
        await build()
        break
      case 0x50: // PERSID
        await line()
        push(any)
        break
      case 0x51: // BINPERSID
        pop()
        push(any)
        break
      default:
        throw new Unfollowed(`it has no step ${code}`)
    }
  }
}
