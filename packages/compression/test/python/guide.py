"""The guide's compress_message and decompress_message on Python's gzip, base64 and json alone.

    python3 guide.py write    a JSON array of messages on stdin → a JSON array of bodies on stdout
    python3 guide.py read     a JSON array of bodies on stdin → a JSON array of messages on stdout
"""

import base64
import gzip
import json
import sys

THRESHOLD = 1024


def compress_message(message):
    text = json.dumps(message)
    original = text.encode("utf-8")
    if len(original) <= THRESHOLD:
        return text
    # mtime=0 so that the vectors are the same however often they are made.
    compressed = gzip.compress(original, mtime=0)
    return json.dumps(
        {
            "compressed": True,
            "data": base64.b64encode(compressed).decode("ascii"),
            "original_size": len(original),
            "compressed_size": len(compressed),
        }
    )


def decompress_message(body):
    message = json.loads(body)
    if isinstance(message, dict) and message.get("compressed") is True:
        return json.loads(gzip.decompress(base64.b64decode(message["data"])).decode("utf-8"))
    return message


if __name__ == "__main__":
    work = {"write": compress_message, "read": decompress_message}[sys.argv[1]]
    results = [work(item) for item in json.loads(sys.stdin.buffer.read().decode("utf-8"))]
    sys.stdout.buffer.write(json.dumps(results, ensure_ascii=False).encode("utf-8"))
