// What is done to every byte that is sent, sixteen at a time: in AssemblyScript (https://www.assemblyscript.org), compiled to
// WebAssembly with SIMD by `npx -y pnpm@12.21.0 --filter @sqskit/client wasm` into src/texts-wasm.ts.

// ---- JSON: the escaping of strings (RFC 8259, 7), as JSON.stringify does it

const quote: u8 = 0x22;
const backslash: u8 = 0x5c;
const space: u8 = 0x20;
/** What is written at once: a vector, or the longest escape. */
const reach: usize = 16;
/** `b`, `t`, `n`, `f` and `r` at 8, 9, 10, 12 and 13: the escapes of one letter. */
const letters = memory.data<u8>([0, 0, 0, 0, 0, 0, 0, 0, 0x62, 0x74, 0x6e, 0, 0x66, 0x72, 0, 0]);
const digits = memory.data<u8>([
  0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66,
]);

/** Writes UTF-8 from `from` to `to`, escaped. Where it ends; 0 where it could come within 16 bytes of `limit`. */
export function escapeJson(from: usize, length: i32, to: usize, limit: usize): usize {
  const end = from + length;
  const last = limit - reach;
  while (from < end) {
    if (to > last) {
      return 0;
    }
    const bytes = v128.load(from); // of a text that ends before, what follows it is not looked at
    v128.store(to, bytes);
    const special = v128.or(
      v128.or(i8x16.eq(bytes, i8x16.splat(quote as i8)), i8x16.eq(bytes, i8x16.splat(backslash as i8))),
      i8x16.lt_u(bytes, i8x16.splat(space as i8)),
    );
    const mask = i8x16.bitmask(special);
    if (mask == 0) {
      from += reach;
      to += reach;
      continue; // with a branch, which is foreseen, the next vector need not wait for this one's mask
    }
    const plain: usize = ctz(mask);
    from += plain;
    to += plain;
    if (from < end) {
      to = escapeOne(load<u8>(from), to);
      from++;
    }
  }
  return from > end ? to - (from - end) : to;
}

function escapeOne(byte: u8, to: usize): usize {
  store<u8>(to, backslash);
  const letter: u8 = byte >= space ? byte : byte < 16 ? load<u8>(letters + byte) : 0;
  if (letter != 0) {
    store<u8>(to, letter, 1);
    return to + 2;
  }
  store<u32>(to, 0x30303075, 1); // u000
  store<u8>(to, load<u8>(digits + (byte >> 4)), 4);
  store<u8>(to, load<u8>(digits + (byte & 15)), 5);
  return to + 6;
}

// ---- MD5 (RFC 1321) of up to twelve texts at once: three vectors of four lanes, which do not wait for one another

const lanes: i32 = 12;
const vectors: usize = 3;
const blockBytes: usize = 64;

/** Addresses of the texts, and how many blocks each has: written by the caller. A lane without blocks may have any address. */
const addresses = memory.data(4 * lanes, 16);
const blocks = memory.data(4 * lanes, 16);
/** 16 bytes a lane: read by the caller. */
const digests = memory.data(16 * lanes, 16);
/** A block of each lane, by words: the first words of lanes 0 to 3, their second words, and so on. */
const words = memory.data(64 * lanes, 16);
/** a, b, c and d of each vector. */
const states = memory.data(16 * lanes, 16);

const sines = memory.data<u32>([
  0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
  0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
  0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
  0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
  0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
  0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
  0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
  0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
]);

export function addressesAt(): usize {
  return addresses;
}

export function blocksAt(): usize {
  return blocks;
}

export function digestsAt(): usize {
  return digests;
}

/** Pads a text to whole blocks, behind its end. How many it has then. */
export function pad(text: usize, length: usize): i32 {
  const count = (length + 8) / blockBytes + 1;
  const end = text + count * blockBytes;
  store<u8>(text + length, 0x80);
  memory.fill(text + length + 1, 0, end - text - length - 1);
  store<u64>(end - 8, (length as u64) << 3);
  return count as i32;
}

/** Hashes the texts of `addresses`, of which the longest has so many blocks, into `digests`. */
export function md5(longest: i32): void {
  for (let vector: usize = 0; vector < vectors; vector++) {
    const state = states + vector * 64;
    v128.store(state, i32x4.splat(0x67452301));
    v128.store(state, i32x4.splat(0xefcdab89), 16);
    v128.store(state, i32x4.splat(0x98badcfe), 32);
    v128.store(state, i32x4.splat(0x10325476), 48);
  }
  for (let block = 0; block < longest; block++) {
    for (let vector: usize = 0; vector < vectors; vector++) {
      gather(vector, block);
    }
    md5Block(block);
  }
  for (let vector: usize = 0; vector < vectors; vector++) {
    const state = states + vector * 64;
    transpose(state, state + 16, state + 32, state + 48, digests + vector * 64);
  }
}

/** The words of a block of four lanes. */
@inline
function gather(vector: usize, block: i32): void {
  const at = addresses + vector * 16;
  const offset = (block as usize) * blockBytes;
  const first = (load<u32>(at) as usize) + offset;
  const second = (load<u32>(at, 4) as usize) + offset;
  const third = (load<u32>(at, 8) as usize) + offset;
  const fourth = (load<u32>(at, 12) as usize) + offset;
  const to = words + vector * 4 * blockBytes;
  for (let part: usize = 0; part < blockBytes; part += 16) {
    transpose(first + part, second + part, third + part, fourth + part, to + part * 4);
  }
}

/** Four rows of four words to four columns. */
@inline
function transpose(first: usize, second: usize, third: usize, fourth: usize, to: usize): void {
  const r0 = v128.load(first);
  const r1 = v128.load(second);
  const r2 = v128.load(third);
  const r3 = v128.load(fourth);
  const low01 = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5);
  const high01 = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7);
  const low23 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5);
  const high23 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<i64>(low01, low23, 0, 2));
  v128.store(to, v128.shuffle<i64>(low01, low23, 1, 3), 16);
  v128.store(to, v128.shuffle<i64>(high01, high23, 0, 2), 32);
  v128.store(to, v128.shuffle<i64>(high01, high23, 1, 3), 48);
}

/** Adds a block to the state of every lane that has it. */
@inline
function md5Block(block: i32): void {
  const s0 = states, s1 = states + 64, s2 = states + 128;
  const w0 = words, w1 = words + 256, w2 = words + 512;
  let a0 = v128.load(s0), b0 = v128.load(s0, 16), c0 = v128.load(s0, 32), d0 = v128.load(s0, 48);
  let a1 = v128.load(s1), b1 = v128.load(s1, 16), c1 = v128.load(s1, 32), d1 = v128.load(s1, 48);
  let a2 = v128.load(s2), b2 = v128.load(s2, 16), c2 = v128.load(s2, 32), d2 = v128.load(s2, 48);
  for (let i = 0; i < 16; i += 4) {
    a0 = f(a0, b0, c0, d0, w0, i, 7); a1 = f(a1, b1, c1, d1, w1, i, 7); a2 = f(a2, b2, c2, d2, w2, i, 7);
    d0 = f(d0, a0, b0, c0, w0, i + 1, 12); d1 = f(d1, a1, b1, c1, w1, i + 1, 12); d2 = f(d2, a2, b2, c2, w2, i + 1, 12);
    c0 = f(c0, d0, a0, b0, w0, i + 2, 17); c1 = f(c1, d1, a1, b1, w1, i + 2, 17); c2 = f(c2, d2, a2, b2, w2, i + 2, 17);
    b0 = f(b0, c0, d0, a0, w0, i + 3, 22); b1 = f(b1, c1, d1, a1, w1, i + 3, 22); b2 = f(b2, c2, d2, a2, w2, i + 3, 22);
  }
  for (let i = 16; i < 32; i += 4) {
    a0 = g(a0, b0, c0, d0, w0, i, 5); a1 = g(a1, b1, c1, d1, w1, i, 5); a2 = g(a2, b2, c2, d2, w2, i, 5);
    d0 = g(d0, a0, b0, c0, w0, i + 1, 9); d1 = g(d1, a1, b1, c1, w1, i + 1, 9); d2 = g(d2, a2, b2, c2, w2, i + 1, 9);
    c0 = g(c0, d0, a0, b0, w0, i + 2, 14); c1 = g(c1, d1, a1, b1, w1, i + 2, 14); c2 = g(c2, d2, a2, b2, w2, i + 2, 14);
    b0 = g(b0, c0, d0, a0, w0, i + 3, 20); b1 = g(b1, c1, d1, a1, w1, i + 3, 20); b2 = g(b2, c2, d2, a2, w2, i + 3, 20);
  }
  for (let i = 32; i < 48; i += 4) {
    a0 = h(a0, b0, c0, d0, w0, i, 4); a1 = h(a1, b1, c1, d1, w1, i, 4); a2 = h(a2, b2, c2, d2, w2, i, 4);
    d0 = h(d0, a0, b0, c0, w0, i + 1, 11); d1 = h(d1, a1, b1, c1, w1, i + 1, 11); d2 = h(d2, a2, b2, c2, w2, i + 1, 11);
    c0 = h(c0, d0, a0, b0, w0, i + 2, 16); c1 = h(c1, d1, a1, b1, w1, i + 2, 16); c2 = h(c2, d2, a2, b2, w2, i + 2, 16);
    b0 = h(b0, c0, d0, a0, w0, i + 3, 23); b1 = h(b1, c1, d1, a1, w1, i + 3, 23); b2 = h(b2, c2, d2, a2, w2, i + 3, 23);
  }
  for (let i = 48; i < 64; i += 4) {
    a0 = k(a0, b0, c0, d0, w0, i, 6); a1 = k(a1, b1, c1, d1, w1, i, 6); a2 = k(a2, b2, c2, d2, w2, i, 6);
    d0 = k(d0, a0, b0, c0, w0, i + 1, 10); d1 = k(d1, a1, b1, c1, w1, i + 1, 10); d2 = k(d2, a2, b2, c2, w2, i + 1, 10);
    c0 = k(c0, d0, a0, b0, w0, i + 2, 15); c1 = k(c1, d1, a1, b1, w1, i + 2, 15); c2 = k(c2, d2, a2, b2, w2, i + 2, 15);
    b0 = k(b0, c0, d0, a0, w0, i + 3, 21); b1 = k(b1, c1, d1, a1, w1, i + 3, 21); b2 = k(b2, c2, d2, a2, w2, i + 3, 21);
  }
  add(s0, a0, b0, c0, d0, i32x4.gt_s(v128.load(blocks), i32x4.splat(block)));
  add(s1, a1, b1, c1, d1, i32x4.gt_s(v128.load(blocks, 16), i32x4.splat(block)));
  add(s2, a2, b2, c2, d2, i32x4.gt_s(v128.load(blocks, 32), i32x4.splat(block)));
}

/** Of the lanes that are under way, and nothing to those that have come to their end. */
@inline
function add(state: usize, a: v128, b: v128, c: v128, d: v128, underWay: v128): void {
  v128.store(state, i32x4.add(v128.load(state), v128.and(a, underWay)));
  v128.store(state, i32x4.add(v128.load(state, 16), v128.and(b, underWay)), 16);
  v128.store(state, i32x4.add(v128.load(state, 32), v128.and(c, underWay)), 32);
  v128.store(state, i32x4.add(v128.load(state, 48), v128.and(d, underWay)), 48);
}

// The steps of the four rounds. `i` counts them from 0 to 63.

@inline
function f(a: v128, b: v128, c: v128, d: v128, block: usize, i: i32, shift: i32): v128 {
  return step(a, b, v128.xor(d, v128.and(b, v128.xor(c, d))), block, i, i, shift);
}

@inline
function g(a: v128, b: v128, c: v128, d: v128, block: usize, i: i32, shift: i32): v128 {
  return step(a, b, v128.or(v128.and(b, d), v128.andnot(c, d)), block, (5 * i + 1) & 15, i, shift);
}

@inline
function h(a: v128, b: v128, c: v128, d: v128, block: usize, i: i32, shift: i32): v128 {
  return step(a, b, v128.xor(v128.xor(b, c), d), block, (3 * i + 5) & 15, i, shift);
}

@inline
function k(a: v128, b: v128, c: v128, d: v128, block: usize, i: i32, shift: i32): v128 {
  return step(a, b, v128.xor(c, v128.or(b, v128.not(d))), block, (7 * i) & 15, i, shift);
}

@inline
function step(a: v128, b: v128, mixed: v128, block: usize, word: i32, i: i32, shift: i32): v128 {
  const term = i32x4.add(v128.load(block + (word << 4)), v128.load32_splat(sines + (i << 2)));
  const sum = i32x4.add(i32x4.add(a, term), mixed);
  return i32x4.add(b, v128.or(i32x4.shl(sum, shift), i32x4.shr_u(sum, 32 - shift)));
}
