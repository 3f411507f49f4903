"""A reader of kinds `c` and `p`, written from docs/wire-format.md on Python's own library alone.

    python3 blocks.py    on stdin {"dictionary": …, "vectors": […]} as the vectors are there, on stdout a JSON array:
                         of each vector the array of its items, or why it was refused

Python has zstd from 3.14 on; before, what is compressed by it is refused with "zstd".
"""

import base64
import json
import sys
import zlib

MAX_OUTPUT_BYTES = 1024


def inflate(data, length, dictionary):
    inflater = zlib.decompressobj(-15, zdict=dictionary) if dictionary else zlib.decompressobj(-15)
    return inflater.decompress(data, length + 1)


def unzstd(data, length, dictionary):
    try:
        from compression import zstd
    except ImportError:
        raise ValueError("zstd") from None
    known = zstd.ZstdDict(dictionary, is_raw=True) if dictionary else None
    options = {zstd.DecompressionParameter.window_log_max: 23}
    return zstd.ZstdDecompressor(known, options).decompress(data, length + 1)


def stored(data, _length, _dictionary):
    return data


def read_length(block):
    length = 0
    for index in range(5):
        byte = block[1 + index]
        length |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            if length >= 2**32 or (byte == 0 and index > 0):
                break
            return length, 2 + index
    raise ValueError("no length")


def read_block(block, dictionaries):
    flags = block[0]
    decompress = {0: stored, 1: inflate, 2: unzstd}[flags & 0x0F]
    if flags & 0xC0:
        raise ValueError("a bit that is not known")
    length, at = read_length(block)
    if length > MAX_OUTPUT_BYTES:
        raise ValueError("more than is allowed")
    crc = int.from_bytes(block[at : at + 4], "little")
    at += 4
    dictionary = None
    if flags & 0x20:
        dictionary = dictionaries[int.from_bytes(block[at : at + 4], "little")]
        at += 4
    content = decompress(block[at:], length, dictionary)
    if len(content) != length or zlib.crc32(content) != crc:
        raise ValueError("another length or CRC-32")
    return content, flags & 0x10


def as_vector(content, is_text):
    return {"text": content.decode()} if is_text else {"hex": content.hex()}


def written_attribute(type_and_value):
    kind, value = type_and_value
    return [kind, base64.b64decode(value, validate=True).hex() if kind.startswith("Binary") else value]


def read_pack(pack):
    line, _, rest = pack.partition(b"\n")
    header = json.loads(line)
    n = header["n"]
    if not 1 <= n <= 10_000:
        raise ValueError("no count")
    if "lengths" in header:
        if sum(header["lengths"]) != len(rest):
            raise ValueError("other lengths")
        contents = []
        for length in header["lengths"]:
            contents.append(rest[:length])
            rest = rest[length:]
    else:
        contents = rest.split(b"\n")
    if len(contents) != n:
        raise ValueError("another number of contents")
    items = []
    for index, content in enumerate(contents):
        item = as_vector(content, index not in header.get("bytes", []))
        if "ids" in header:
            item["id"] = header["ids"][index]
        elif "id" in header:
            item["id"] = f"{header['id']}{header['at'] + index}"
        if header.get("attempts", [0] * n)[index]:
            item["attempt"] = header["attempts"][index]
        if header.get("traces", [None] * n)[index] is not None:
            item["traceHeader"] = header["traces"][index]
        own = header.get("attributes", {}).get(str(index))
        if own:
            item["attributes"] = {name: written_attribute(value) for name, value in own.items()}
        items.append(item)
    return items


def read(body, attribute, dictionaries):
    if body in ("~1ac", "~1ap"):
        kind, block = body[3], bytes.fromhex(attribute)
    else:
        kind, block = body[2], base64.b64decode(body[3:], validate=True)
    content, is_text = read_block(block, dictionaries)
    return read_pack(content) if kind == "p" else [as_vector(content, is_text)]


def read_or_refuse(vector, dictionaries):
    try:
        return read(vector["body"], vector.get("sqskit"), dictionaries)
    except (ValueError, KeyError, IndexError, TypeError, EOFError, zlib.error) as error:
        return f"{type(error).__name__}: {error}"


given = json.load(sys.stdin)
dictionary = given["dictionary"].encode()
json.dump([read_or_refuse(one, {zlib.crc32(dictionary): dictionary}) for one in given["vectors"]], sys.stdout)
