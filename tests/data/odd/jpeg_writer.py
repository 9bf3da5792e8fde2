"""A small JPEG writer for files that no common encoder makes: any sampling factors, component
numbers, scans, restart intervals and Huffman codes, 8 or 12 bits a sample. Slow, and meant to be read.
"""

import struct

import numpy as np

ZIGZAG = sorted(
    range(64), key=lambda i: (i // 8 + i % 8, (i // 8) if (i // 8 + i % 8) % 2 else (i % 8))
)
_k = np.arange(8)
DCT = np.sqrt(np.where(_k == 0, 1, 2) / 8)[:, None] * np.cos((2 * _k + 1) * _k[:, None] * np.pi / 16)


def segment(marker, body):
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + bytes(body)


class Bits:
    """Collects bits; a byte 0xFF is followed by 0."""

    def __init__(self):
        self.value, self.count, self.bytes = 0, 0, bytearray()

    def put(self, value, count):
        self.value, self.count = self.value << count | value, self.count + count
        while self.count >= 8:
            self.count -= 8
            byte = self.value >> self.count
            self.bytes += bytes([byte, 0]) if byte == 0xFF else bytes([byte])
            self.value &= (1 << self.count) - 1

    def pad(self):
        if self.count:
            self.put((1 << (8 - self.count)) - 1, 8 - self.count)


def symbols_of(block, previous_dc):
    """A block's Huffman symbols, each with its further bits: (is AC, symbol, value, bits)."""
    def magnitude(value):
        size = int(abs(value)).bit_length()
        return size, int(value) if value >= 0 else int(value) + (1 << size) - 1

    size, bits = magnitude(block[0] - previous_dc)
    yield False, size, bits, size
    run = 0
    last = max(np.flatnonzero(block), default=0)
    for value in block[1 : last + 1]:
        if value == 0:
            run += 1
            continue
        while run > 15:
            yield True, 0xF0, 0, 0
            run -= 16
        size, bits = magnitude(value)
        yield True, run << 4 | size, bits, size
        run = 0
    if last < 63:
        yield True, 0, 0, 0


class Codes:
    """A Huffman table for the symbols given. `flat`: codes of one length; `long`: the eight commonest
    symbols have 1 to 8 bits, all others 16."""

    def __init__(self, counts, kind):
        symbols = sorted(counts, key=lambda s: -counts[s])
        if kind == "flat":
            self.lengths = [max(1, len(symbols).bit_length())] * len(symbols)
        else:
            self.lengths = [min(i + 1, 16) if i < 8 else 16 for i in range(len(symbols))]
        self.symbols, self.code = symbols, {}
        code = length = 0
        for symbol, wanted in zip(symbols, self.lengths):
            code <<= wanted - length
            length = wanted
            self.code[symbol] = (code, length)
            code += 1

    def body(self, place):
        return bytes([place, *(self.lengths.count(n) for n in range(1, 17)), *self.symbols])


class Component:
    """One plane, cut into quantized blocks: `blocks[y][x]` holds 64 numbers in zigzag order."""

    def __init__(self, plane, number, h, v, h_max, v_max, quant, precision):
        self.number, self.h, self.v = number, h, v
        height, width = plane.shape
        self.width, self.height = -(-width * h // h_max), -(-height * v // v_max)
        # The nearest sample: how the plane shrinks does not matter here.
        ys = np.minimum(np.arange(self.height) * v_max // v, height - 1)
        xs = np.minimum(np.arange(self.width) * h_max // h, width - 1)
        mcus_x, mcus_y = -(-width // (8 * h_max)), -(-height // (8 * v_max))
        padded = np.pad(plane[np.ix_(ys, xs)].astype(np.float64) - (1 << (precision - 1)),
                        ((0, mcus_y * v * 8 - self.height), (0, mcus_x * h * 8 - self.width)), "edge")
        blocks = padded.reshape(mcus_y * v, 8, mcus_x * h, 8).swapaxes(1, 2)
        blocks = np.rint(DCT @ blocks @ DCT.T / np.reshape(quant, (8, 8)))
        self.blocks = blocks.reshape(mcus_y * v, mcus_x * h, 64)[:, :, ZIGZAG].astype(int)


def units(components):
    """The blocks of each MCU of a scan: lists of (component's place in the scan, block)."""
    if len(components) == 1:  # MCUs are single blocks, and none is there for padding only
        only = components[0]
        for y in range(-(-only.height // 8)):
            for x in range(-(-only.width // 8)):
                yield [(0, only.blocks[y][x])]
        return
    mcus_y, mcus_x = (n // f for n, f in zip(components[0].blocks.shape, (components[0].v, components[0].h)))
    for y in range(mcus_y):
        for x in range(mcus_x):
            yield [(i, c.blocks[y * c.v + j][x * c.h + k])
                   for i, c in enumerate(components) for j in range(c.v) for k in range(c.h)]


def write_scan(components, restart, codes_kind):
    """Huffman tables, the start of a scan, its data. Components after the first share tables 1."""
    tables = [0 if i == 0 else 1 for i in range(len(components))]
    pieces, previous = [], [0] * len(components)
    for i, unit in enumerate(units(components)):
        if restart and i % restart == 0 and i:
            pieces.append(None)
            previous = [0] * len(components)
        for place, block in unit:
            pieces += [(tables[place], *s) for s in symbols_of(block, previous[place])]
            previous[place] = block[0]
    counts = {}
    for piece in filter(None, pieces):
        of_table = counts.setdefault(piece[:2], {})
        of_table[piece[2]] = of_table.get(piece[2], 0) + 1
    codes = {key: Codes(of_table, codes_kind) for key, of_table in counts.items()}
    bits, restarts = Bits(), 0
    for piece in pieces:
        if piece is None:
            bits.pad()
            bits.bytes += bytes([0xFF, 0xD0 + restarts % 8])
            restarts += 1
            continue
        table, is_ac, symbol, value, size = piece
        bits.put(*codes[table, is_ac].code[symbol])
        bits.put(value, size)
    bits.pad()
    heads = b"".join(segment(0xC4, c.body(is_ac << 4 | table)) for (table, is_ac), c in codes.items())
    scan = [len(components)]
    for component, table in zip(components, tables):
        scan += [component.number, table * 0x11]
    return heads + segment(0xDA, [*scan, 0, 63, 0]) + bytes(bits.bytes)


def write_jpeg(planes, sampling, *, numbers=None, scans=None, restart=0, quant=None, precision=8,
               wide_quant=False, codes="flat", frame=0xC0, before=b"", claimed_height=None,
               after_first_scan=b"", change=None):
    """A sequential Huffman JPEG of `planes` (each height x width, all of one size).

    sampling: (h, v) a component; numbers: component numbers; scans: lists of components' places;
    restart: MCUs, one number or one for each scan;
    quant: 64 numbers; wide_quant: they are stored in 16 bits; before: segments before the frame;
    claimed_height: in the frame's header; after_first_scan: segments; change: called with the
    components before they are coded.
    """
    count = len(planes)
    numbers = numbers or range(1, count + 1)
    quant = np.asarray(quant if quant is not None else np.full(64, 6))
    h_max, v_max = (max(s[i] for s in sampling) for i in (0, 1))
    components = [Component(np.asarray(p), n, h, v, h_max, v_max, quant, precision)
                  for p, n, (h, v) in zip(planes, numbers, sampling)]
    if change:
        change(components)
    height, width = np.asarray(planes[0]).shape
    head = struct.pack(">BHHB", precision, height if claimed_height is None else claimed_height,
                       width, count)
    for c in components:
        head += bytes([c.number, c.h << 4 | c.v, 0])
    values = quant[ZIGZAG].tolist()
    table = struct.pack(">B64H", 0x10, *values) if wide_quant else bytes([0, *values])
    parts = [b"\xFF\xD8", before, segment(0xDB, table), segment(frame, head)]
    scans = scans or [range(count)]
    restart = restart if isinstance(restart, list) else [restart] * len(scans)
    for i, places in enumerate(scans):
        if restart[i] or any(restart[:i]):
            parts.append(segment(0xDD, struct.pack(">H", restart[i])))
        parts.append(write_scan([components[p] for p in places], restart[i], codes))
        if i == 0:
            parts.append(after_first_scan)
    return b"".join(parts) + b"\xFF\xD9"
