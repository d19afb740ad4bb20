import RelayIO
import RelayProtocol

/// Decrypts a sample of what is received, so that no sender is fast by sending rubbish.
final class SampleChecker {
    /// Sampled packets that decrypted, and that did not.
    private(set) var authentic = 0
    private(set) var forged = 0
    private let opener: PacketOpener
    private var windows: [UInt32: ReplayWindow] = [:]

    /// Every 64th packet is decrypted.
    static let every: UInt32 = 64

    init(_ opener: PacketOpener) { self.opener = opener }

    func check(_ packet: UnsafeMutableRawBufferPointer) {
        guard let header = PacketHeader(UnsafeRawBufferPointer(packet)) else {
            forged += 1
            return
        }
        var window = windows[header.ssrc] ?? ReplayWindow()
        if opener.open(packet, header: header, window: &window) == nil { forged += 1 } else { authentic += 1 }
        windows[header.ssrc] = window
    }
}
