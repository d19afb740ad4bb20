/// Who hears something together, by what it is sent in.
struct Audience {
    private(set) var opus: ContiguousArray<MixListenerID> = []
    private(set) var pcmu: ContiguousArray<MixListenerID> = []
    private(set) var pcma: ContiguousArray<MixListenerID> = []

    var isEmpty: Bool { opus.isEmpty && pcmu.isEmpty && pcma.isEmpty }

    subscript(codec: MixCodec) -> ContiguousArray<MixListenerID> {
        get {
            switch codec {
            case .opus: opus
            case .pcmu: pcmu
            case .pcma: pcma
            }
        }
        _modify {
            switch codec {
            case .opus: yield &opus
            case .pcmu: yield &pcmu
            case .pcma: yield &pcma
            }
        }
    }

    mutating func append(contentsOf other: Audience) {
        for codec in MixCodec.allCases { self[codec].append(contentsOf: other[codec]) }
    }

    mutating func removeAll() {
        for codec in MixCodec.allCases { self[codec].removeAll(keepingCapacity: true) }
    }
}

/// Whose inputs are left out of what these listeners hear.
final class MixParticipant {
    /// Nil for those who have no input.
    let owner: MixOwner?
    var listeners = Audience()
    var inputs = 0
    /// One of its inputs is in the mix, so that its listeners need one of their own.
    var isHeard = false
    /// What its listeners hear while it is heard.
    var stream: MixStream?

    init(_ owner: MixOwner?) { self.owner = owner }
}
