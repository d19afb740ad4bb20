import COpenSSL
import RelayProtocol

@testable import RelayIO

/// One way in which a cipher library could go wrong, made of one that does not.
enum Fault: CaseIterable {
    case wrongCiphertext, wrongTag, wrongLongPacketsOnly, wrongInParts, shortPacket, silentFailure
    case opensForgeries, wrongPlaintext, refusesAll
    case wrongControl, opensForgedControl, wrongControlPlaintext

    /// What the self-test says then.
    var finding: String {
        switch self {
        case .wrongCiphertext, .wrongTag, .wrongLongPacketsOnly, .wrongInParts, .shortPacket, .silentFailure:
            "bytes: sealed"
        case .opensForgeries: "bytes: not refused"
        case .wrongPlaintext, .refusesAll: "bytes: opened"
        case .wrongControl: "bytes: control sealed"
        case .opensForgedControl: "bytes: control not refused"
        case .wrongControlPlaintext: "bytes: control opened"
        }
    }

    func spoil(_ subject: inout CipherSelfTest.Subject) {
        let whole = subject
        func flip(_ byte: UnsafeMutableRawPointer) {
            byte.storeBytes(of: byte.load(as: UInt8.self) ^ 0x20, as: UInt8.self)
        }
        /// The packet that `seal` made, with the byte at that place changed.
        func change(where isSpoilt: @escaping (_ length: Int, _ parts: Int) -> Bool, at place: @escaping (Int) -> Int) {
            subject.seal = { headerLength, parts, ssrc, index, out in
                let length = whole.seal(headerLength, parts, ssrc, index, out)
                if let length, isSpoilt(length, parts.count) { flip(out + place(length)) }
                return length
            }
        }
        switch self {
        case .wrongCiphertext: change(where: { length, _ in length > 100 }, at: { _ in 30 })
        case .wrongTag: change(where: { _, _ in true }, at: { $0 - 1 })
        case .wrongLongPacketsOnly: change(where: { length, _ in length > 1_500 }, at: { $0 - 40 })
        case .wrongInParts: change(where: { _, parts in parts == 3 }, at: { $0 - 1 })
        case .shortPacket: subject.seal = { whole.seal($0, $1, $2, $3, $4).map { $0 - 1 } }
        case .silentFailure:
            subject.seal = { headerLength, parts, _, _, _ in parts.reduce(headerLength + 16) { $0 + Int($1.length) } }
        case .opensForgeries:
            subject.open = { packet, header, window in
                whole.open(packet, header, &window) ?? packet.count - 16
            }
        case .wrongPlaintext:
            subject.open = { packet, header, window in
                let length = whole.open(packet, header, &window)
                if let length, length > 40, let base = packet.baseAddress { flip(base + length - 1) }
                return length
            }
        case .refusesAll: subject.open = { _, _, _ in nil }
        case .wrongControl:
            subject.sealControl = { packet, length in
                let sealed = whole.sealControl(packet, length)
                if length > 8 { flip(packet + 8) }
                return sealed
            }
        case .opensForgedControl: subject.openControl = { whole.openControl($0) ?? $0.count - 20 }
        case .wrongControlPlaintext:
            subject.openControl = { packet in
                let length = whole.openControl(packet)
                if let length, length > 8, let base = packet.baseAddress { flip(base + 8) }
                return length
            }
        }
    }
}
