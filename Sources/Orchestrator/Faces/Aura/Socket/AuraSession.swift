import RelayControl
import RoomModel
import Web

/// One WebSocket: takes its messages strictly one after the other, and answers them.
///
/// A message is carried out to its end before the next is looked at, also where a password has to be checked or
/// something to be written first.
final class AuraSession: SocketHandler {
    /// Messages that may wait while one is carried out.
    static let maximumQueue = 256

    let id: SocketID
    let face: AuraFace
    /// Of the peer.
    let address: String
    /// What this socket stands for in a room; nil: nothing yet, or nothing any more.
    var call: Call?

    private var socket: (any Socket)?
    private var queue: [RPCMessage] = []
    private var isWorking = false
    private var budget = MessageBudget()

    init(id: SocketID, face: AuraFace, address: String) {
        self.id = id
        self.face = face
        self.address = address
    }

    var isOpen: Bool { socket != nil }

    func opened(_ socket: any Socket) {
        self.socket = socket
        face.sessions[id] = self
    }

    func closed() {
        socket = nil
        queue = []
        face.sessions[id] = nil
        face.registrations.remove(id)
        lose()
    }

    let tooLongMessage: String? = RPCAnswer.error(.tooLarge("a message may have at most 65536 bytes"), to: nil)

    func received(text: String) {
        guard isOpen else { return }
        guard budget.take(at: face.now()) else {
            return end(
                1008, AuraFailure(code: 429, message: "more than \(Int(MessageBudget.perSecond)) messages a second"))
        }
        guard RPCMessage.depth(of: text) <= RPCMessage.maximumDepth else {
            let failure = AuraFailure.invalid("nested deeper than \(RPCMessage.maximumDepth) levels")
            return end(1008, failure, to: (try? RPCMessage(text))?.id)
        }
        guard let message = try? RPCMessage(text) else {
            socket?.close(code: 1007, reason: "not JSON")
            return
        }
        guard queue.count < Self.maximumQueue else {
            return end(1008, AuraFailure(code: 429, message: "too many messages wait for an answer"), to: message.id)
        }
        queue.append(message)
        guard !isWorking else { return }
        isWorking = true
        // At once, up to where something has to be waited for.
        Task.immediate { await work() }
    }

    func tell(_ notification: AuraNotification) { send(notification.jsonText) }

    func send(_ text: String) { socket?.send(text: text) }

    /// Finds out whether the peer is still there.
    func probe() { socket?.probe() }

    private func end(_ code: UInt16, _ failure: AuraFailure, to id: RawJSON? = nil) {
        send(RPCAnswer.error(failure, to: id))
        socket?.close(code: code, reason: String(failure.message.prefix(100)))
        // What was said before is not carried out any more, and what comes is not heard.
        queue = []
    }

    private func work() async {
        while isOpen, !queue.isEmpty { await answer(queue.removeFirst()) }
        isWorking = false
    }

    private func answer(_ message: RPCMessage) async {
        let answer: String
        do {
            let result = try await perform(message)
            guard let id = message.id else { return }
            answer = RPCAnswer.result(result, to: id)
        } catch {
            guard let id = message.id else { return }
            answer = RPCAnswer.error(error, to: id)
        }
        send(answer)
    }

    private func perform(_ message: RPCMessage) async throws(AuraFailure) -> any JSONWritable {
        guard let name = message.method else { throw .invalid("method: is required, a string") }
        guard let method = Method(rawValue: name) else {
            throw .missing("there is no method \"\(name.prefix(64))\"")
        }
        switch method {
        case .authenticate: return try await authenticate(message)
        case .getWaitingRoomMembers: return try waitingRoomMembers(message)
        case .stillWaiting: return try stillWaiting()
        case .allowMember: return try allowMember(message)
        case .rejectMember: return try rejectMember(message)
        case .getRoomMembers: return try roomMembers(message)
        case .joinRoom: return try joinRoom(message)
        case .subscribeRoom: return try subscribeRoom(message)
        case .watchRoom: return try watchRoom(message)
        case .leaveRoom: return try leaveRoom()
        case .raiseHand: return try raiseHand(true)
        case .unraiseHand: return try raiseHand(false)
        case .startScreenShare: return try shareScreen(true)
        case .stopScreenShare: return try shareScreen(false)
        case .sendReaction: return try sendReaction(message)
        case .muteAudio: return try mute(.audio, true)
        case .unmuteAudio: return try mute(.audio, false)
        case .muteVideo: return try mute(.video, true)
        case .unmuteVideo: return try mute(.video, false)
        case .removeMember: return try removeMember(message)
        case .muteMemberAudio: return try muteMember(.audio, true, message)
        case .unmuteMemberAudio: return try muteMember(.audio, false, message)
        case .muteMemberVideo: return try muteMember(.video, true, message)
        case .unmuteMemberVideo: return try muteMember(.video, false, message)
        case .registerRoomAPI: return try await register(message)
        case .roomInviteReject: return try declineInvitation(message)
        case .createTempRoom: return try await createTemporaryRoom(message)
        case .convertToRoom: return try convertToRoom(message)
        case .inviteExten: return try invite(message)
        }
    }
}
