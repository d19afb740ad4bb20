/// What an H.264 `profile-level-id` says (RFC 6184, section 8.1).
public struct H264Profile: Sendable, Hashable {
    public var profile: Profile
    /// `level_idc`; 0 stands for level 1b where `constraint_set3` says so.
    public var level: UInt8

    public enum Profile: Sendable, Hashable {
        case constrainedBaseline, baseline, extended, main, constrainedHigh, high, high444
        /// A `profile_idc` and `profile-iop` of no profile that we know: equal only to themselves.
        case other(UInt8, UInt8)
    }

    /// Baseline at level 1, which stands where no parameter is given (RFC 6184, section 8.1).
    public static let `default` = H264Profile(profile: .baseline, level: 10)

    init(profile: Profile, level: UInt8) {
        self.profile = profile
        self.level = level
    }

    /// - Parameter text: six hexadecimal digits.
    public init?(_ text: String) {
        guard text.utf8.count == 6, let value = UInt32(text, radix: 16), text.utf8.first != UInt8(ascii: "+") else {
            return nil
        }
        let indicator = UInt8(truncatingIfNeeded: value >> 16)
        let constraints = UInt8(truncatingIfNeeded: value >> 8)
        let given = UInt8(truncatingIfNeeded: value)
        profile = Self.profile(indicator, constraints)
        let is1b =
            given == 11 && constraints & 0x10 != 0 && (indicator == 0x42 || indicator == 0x4D || indicator == 0x58)
        level = is1b ? 9 : given
    }

    /// Table 5 of RFC 6184, section 8.1: each profile by `profile_idc` and the bits of `profile-iop` that matter for
    /// it.
    private static func profile(_ indicator: UInt8, _ constraints: UInt8) -> Profile {
        switch indicator {
        case 0x42: constraints & 0x40 != 0 ? .constrainedBaseline : .baseline
        case 0x4D: constraints & 0x80 != 0 ? .constrainedBaseline : .main
        case 0x58: constraints & 0xC0 == 0xC0 ? .constrainedBaseline : constraints & 0x80 != 0 ? .baseline : .extended
        case 0x64: constraints & 0x0C == 0x0C ? .constrainedHigh : .high
        case 0xF4: .high444
        default: .other(indicator, constraints)
        }
    }
}
