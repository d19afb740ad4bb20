/// What an Opus packet's first bytes tell (RFC 6716 §3.1, §4.2.3).
enum OpusPayload {
    /// Whether it repeats, coarsely, what the packet before it was of.
    static func bearsCorrection(_ payload: UnsafeRawBufferPointer) -> Bool {
        guard payload.count > 1, let contents = payload.first else { return false }
        let configuration = contents >> 3
        // Packets of several frames (codes 1 to 3) of 20 ms bear it, too, but their first frame lies elsewhere; encoders make them for
        // 120 ms or music only.
        guard configuration < 16, contents & 3 == 0 else { return false }
        // Hybrid packets are of 10 or 20 ms, those of the speech layer alone of 10 to 60.
        let frames: Int =
            if configuration >= 12 { 1 } else {
                switch configuration & 3 {
                case 2: 2
                case 3: 3
                default: 1
                }
            }
        // The voice activity bits of the middle channel's frames, its correction bit, then the same of the side channel.
        let flags = payload[1]
        if flags & 0x80 >> UInt8(frames) != 0 { return true }
        return contents & 4 != 0 && flags & 0x80 >> UInt8(2 * frames + 1) != 0
    }
}
