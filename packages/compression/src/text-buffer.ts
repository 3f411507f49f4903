import type { Content } from '@sqskit/core';

/** A buffer that grows and is used again, for texts that are written one after another. */
export interface TextBuffer {
  /** Begins anew, leaving `room` bytes free in front. */
  begin(room: number): void;
  /** Writes a text in UTF-8, or bytes. How many bytes it was. */
  write(content: Content): number;
  byte(value: number): void;
  /** Where the next write goes. */
  end(): number;
  /** `head` and everything written up to `end`: in place where `head` fits the room in front. */
  upTo(end: number, head: string): Uint8Array;
}

interface NodeBuffer extends Uint8Array<ArrayBuffer> {
  write(text: string, offset: number): number;
}
interface NodeBufferConstructor {
  allocUnsafe(bytes: number): NodeBuffer;
}
type WriteText = (text: string, offset: number) => number;

const utf8 = /* @__PURE__ */ new TextEncoder();
const initialBytes = 65_536;

export function createTextBuffer(): TextBuffer {
  const nodeBuffer = (globalThis as { readonly Buffer?: NodeBufferConstructor | undefined }).Buffer;
  let bytes = new Uint8Array(0);
  let writeText: WriteText = () => 0;
  let room = 0;
  let end = 0;

  function makeRoom(more: number): void {
    if (end + more <= bytes.length) {
      return;
    }
    const size = Math.max(initialBytes, 2 * bytes.length, end + more);
    const before = bytes.subarray(0, end);
    if (nodeBuffer === undefined) {
      bytes = new Uint8Array(size);
      const grown = bytes;
      writeText = (text, offset) => utf8.encodeInto(text, grown.subarray(offset)).written;
    } else {
      const grown = nodeBuffer.allocUnsafe(size);
      bytes = grown;
      writeText = (text, offset) => grown.write(text, offset);
    }
    bytes.set(before);
  }

  return {
    begin(free) {
      room = free;
      end = free;
    },
    write(content) {
      const from = end;
      if (typeof content === 'string') {
        makeRoom(3 * content.length); // no unit takes more
        end += writeText(content, end);
      } else {
        makeRoom(content.length);
        bytes.set(content, end);
        end += content.length;
      }
      return end - from;
    },
    byte(value) {
      makeRoom(1);
      bytes[end++] = value;
    },
    end: () => end,
    upTo(until, head) {
      const headBytes = utf8.encode(head);
      if (headBytes.length > room) {
        const whole = new Uint8Array(headBytes.length + until - room);
        whole.set(headBytes);
        whole.set(bytes.subarray(room, until), headBytes.length);
        return whole;
      }
      const start = room - headBytes.length;
      bytes.set(headBytes, start);
      return bytes.subarray(start, until);
    },
  };
}
