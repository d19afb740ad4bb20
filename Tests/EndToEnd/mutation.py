"""Damaged input, the same on every run: seeded, made from what real peers send."""

import hmac
import random
import struct
import zlib

from OpenSSL import SSL


class Mutator:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def datagram(self, sample):
        """One to three damages to the bytes of a sample."""
        data = bytearray(sample)
        for _ in range(self.random.randint(1, 3)):
            self.random.choice([self._flip, self._cut, self._grow, self._extreme_length, self._splice, self._noise])(data)
        return bytes(data[:1_500])

    def _position(self, data):
        # The first bytes are headers and lengths, so they are hit more often.
        return min(int(self.random.expovariate(1 / 24)), len(data) - 1)

    def _flip(self, data):
        if data:
            data[self._position(data)] ^= 1 << self.random.randrange(8)

    def _cut(self, data):
        del data[self.random.randint(0, len(data)) :]

    def _grow(self, data):
        data.extend(self.random.randbytes(self.random.choice([1, 3, 17, 600])))

    def _extreme_length(self, data):
        if len(data) >= 2:
            at = min(self._position(data), len(data) - 2)
            data[at : at + 2] = self.random.choice([b"\x00\x00", b"\xff\xff", b"\x7f\xff", b"\x80\x00", b"\x00\x01"])

    def _splice(self, data):
        if len(data) > 8:
            start, end = sorted(self.random.sample(range(len(data)), 2))
            at = self.random.randrange(len(data))
            data[at:at] = data[start:end]

    def _noise(self, data):
        if data:
            at = self._position(data)
            data[at : at + 4] = self.random.randbytes(4)

    def text(self, sample):
        """One to four damages to the lines and words of a description or a JSON text."""
        rows = sample.split("\r\n")
        for _ in range(self.random.randint(1, 4)):
            at = self.random.randrange(len(rows))
            damage = self.random.randrange(8)
            if damage == 0:
                del rows[at]
            elif damage == 1:
                rows.insert(self.random.randrange(len(rows) + 1), rows[at])
            elif damage == 2:
                other = self.random.randrange(len(rows))
                rows[at], rows[other] = rows[other], rows[at]
            elif damage == 3:
                words = rows[at].replace("/", " ").split(" ")
                words[self.random.randrange(len(words))] = self.random.choice(WORDS)
                rows[at] = " ".join(words)
            elif damage == 4:
                rows[at] = rows[at][: self.random.randint(0, len(rows[at]))]
            elif damage == 5:
                rows[at] = rows[at].replace(self.random.choice("0123456789:=/ a;"), self.random.choice(WORDS), 1)
            elif damage == 6:
                rows = rows[: self.random.randint(1, len(rows))]
            else:
                rows[at] += self.random.choice(WORDS)
            rows = rows or [""]
        return "\r\n".join(rows)


WORDS = [
    "", "0", "-1", "255", "256", "65535", "65536", "4294967295", "4294967296", "9223372036854775807", "9223372036854775808",
    "99999999999999999999999999", "1e9", "NaN", "\u0000", "\n", "\r", "ü", "😀", "x" * 3_000, "a=", "m=audio 9 UDP/TLS/RTP/SAVPF 111",
    "a=group:BUNDLE 0 1 2", "a=mid:0", "a=ssrc-group:FID 1", "a=ssrc:1 cname:x", "a=rtpmap:111 opus/0/0", "a=fmtp:96 apt=96",
    "a=extmap:0 urn:x", "a=extmap:255/sendrecv urn:x", "a=setup:holdconn", "a=simulcast:send ;;~", "a=rid:1 send pt=", "{", "]", '"', "null",
]


def stun_request(username, seed=1):
    """A binding request as a controlling ICE agent sends it, before it is signed."""
    name = username.encode()
    attributes = struct.pack("!HH", 0x0006, len(name)) + name + b"\0" * (-len(name) % 4)
    attributes += struct.pack("!HHI", 0x0024, 4, 1_845_501_695) + struct.pack("!HHQ", 0x802A, 8, 0x1122334455667788)
    attributes += struct.pack("!HH", 0x0025, 0)
    return struct.pack("!HHI", 0x0001, len(attributes), 0x2112A442) + random.Random(seed).randbytes(12) + attributes


def sign(request, password):
    """The same request with the right length, MESSAGE-INTEGRITY and FINGERPRINT (RFC 8489, 14.5 and 14.7), whatever it says."""
    attributes = request[20:]

    def header(extra):
        return request[:2] + struct.pack("!H", len(attributes) + extra) + request[4:20].ljust(16, b"\0")

    integrity = hmac.digest(password.encode(), header(24) + attributes, "sha1")
    signed = attributes + struct.pack("!HH", 0x0008, 20) + integrity
    checksum = zlib.crc32(header(32) + signed) ^ 0x5354554E
    return header(32) + signed + struct.pack("!HHI", 0x8028, 4, checksum)


def client_hello():
    """The first flight of a real DTLS client."""
    context = SSL.Context(SSL.DTLS_METHOD)
    connection = SSL.Connection(context)
    connection.set_connect_state()
    try:
        connection.do_handshake()
    except SSL.WantReadError:
        pass
    return connection.bio_read(2_000)


def rtp(payload_type=96, sequence=1, ssrc=0x1234):
    return struct.pack("!BBHII", 0x90, payload_type, sequence, 90_000, ssrc) + b"\xbe\xde\x00\x02" + b"\x10\xaa\x22\x01\x02\x03\x00\x00" + bytes(range(200))


def rtcp():
    """A compound of a sender report, SDES and a transport-wide feedback."""
    report = struct.pack("!BBHIQIII", 0x80, 200, 6, 0x1234, 1 << 60, 90_000, 10, 1_000)
    description = struct.pack("!BBHI", 0x81, 202, 3, 0x1234) + b"\x01\x04test\x00\x00"
    feedback = struct.pack("!BBHII", 0x8F, 205, 5, 0x1234, 0x5678) + bytes([0, 1, 0, 8, 0, 0, 1, 0, 0x20, 8, 4, 4])
    return report + description + feedback
