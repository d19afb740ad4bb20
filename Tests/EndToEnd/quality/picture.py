"""The camera of these measurements: a file of moving, noisy, numbered frames, and what each of them looks like in small."""

import base64

import numpy

WIDTH, HEIGHT = 1280, 720
RATE = 30
FRAMES = 120

#: The number is written in this many black or white fields, across the top and again across the bottom.
BITS = 16
BAND = 48

#: Between the bands, so many patches a row and rows of them are compared with what was sent.
COLUMNS, ROWS = 16, 9
PATCH = 16


def frames(seed=1):
    """(Y, U, V) of each frame, as arrays; the last goes over into the first without a jump."""
    random = numpy.random.default_rng(seed)
    ground = _texture(random, HEIGHT + 240, WIDTH + 480)
    noise = random.normal(0, 3.5, (HEIGHT + 64, WIDTH + 64))
    across = numpy.linspace(70, 186, WIDTH // 2)[None, :]
    down = numpy.linspace(80, 176, HEIGHT // 2)[:, None]
    u = numpy.repeat(across, HEIGHT // 2, 0).astype(numpy.uint8)
    v = numpy.repeat(down, WIDTH // 2, 1).astype(numpy.uint8)
    for number in range(FRAMES):
        turn = 2 * numpy.pi * number / FRAMES
        left, top = int(240 + 230 * numpy.sin(turn)), int(120 + 110 * numpy.sin(2 * turn))
        y = ground[top:top + HEIGHT, left:left + WIDTH].copy()
        dx, dy = random.integers(0, 64, 2)
        y += noise[dy:dy + HEIGHT, dx:dx + WIDTH]
        y = y.clip(16, 235).astype(numpy.uint8)
        _write_number(y, number)
        yield y, u, v


def _texture(random, height, width):
    """Soft structure of several sizes, as pictures of a room have."""
    total = numpy.full((height, width), 126.0)
    for size, strength in ((160, 34), (48, 18), (16, 8), (6, 4)):
        coarse = random.normal(0, 1, (height // size + 3, width // size + 3))
        rows, columns = numpy.arange(height) / size, numpy.arange(width) / size
        r, c = rows.astype(int), columns.astype(int)
        fr, fc = (rows - r)[:, None], (columns - c)[None, :]
        fr, fc = fr * fr * (3 - 2 * fr), fc * fc * (3 - 2 * fc)
        upper = coarse[r][:, c] * (1 - fc) + coarse[r][:, c + 1] * fc
        lower = coarse[r + 1][:, c] * (1 - fc) + coarse[r + 1][:, c + 1] * fc
        total += strength * (upper * (1 - fr) + lower * fr)
    return total


def _write_number(y, number):
    field = WIDTH // BITS
    for bit in range(BITS):
        value = 220 if number >> bit & 1 else 30
        y[:BAND, bit * field:(bit + 1) * field] = value
        y[-BAND:, bit * field:(bit + 1) * field] = value


def patches():
    """(x, y) of each patch's upper left corner."""
    for row in range(ROWS):
        for column in range(COLUMNS):
            yield int((column + 0.5) * WIDTH / COLUMNS) - PATCH // 2, int(BAND + (row + 0.5) * (HEIGHT - 2 * BAND) / ROWS) - PATCH // 2


def write(path):
    """Writes the file for Chromium, and returns what its pages need to know of the frames."""
    means = bytearray()
    with open(path, "wb") as file:
        file.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{RATE}:1 Ip A1:1 C420jpeg\n".encode())
        for y, u, v in frames():
            for x, top in patches():
                means.append(round(y[top:top + PATCH, x:x + PATCH].mean()))
            file.write(b"FRAME\n" + y.tobytes() + u.tobytes() + v.tobytes())
    chroma = [[round(float(plane[int(HEIGHT / 2 * (row + 0.5) / 4), int(WIDTH / 2 * (column + 0.5) / 4)])) for row in range(4) for column in range(4)]
              for plane in (u, v)]
    return {
        "width": WIDTH, "height": HEIGHT, "frames": FRAMES, "bits": BITS, "band": BAND, "patch": PATCH,
        "patches": list(patches()), "means": base64.b64encode(means).decode(), "chroma": chroma}
