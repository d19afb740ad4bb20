import RelayControl
import RoomControl
import RoomModel
import Web

// Whom a socket speaks for.
extension AuraSession {
    /// The call that a message speaks for: by its token where it has one, else by this socket. A call that no socket stands for
    /// yet is not noted anywhere.
    /// - Throws: 400 where there is neither; 401; 409 where somebody else has that call_id.
    func caller(_ token: String?) throws(AuraFailure) -> Call {
        guard let token, !token.isEmpty else {
            guard let call, call.state != .waiting else { throw .notInRoom }
            return call
        }
        let claimed = try face.call(of: token)
        if let call {
            guard call.room == claimed.room, call.id == claimed.id, call.nonce == claimed.nonce, call.state != .waiting
            else { throw .badToken }
            return call
        }
        guard let known = face.calls[claimed.room, claimed.id] else { return claimed }
        guard known.nonce == claimed.nonce else { throw .callInUse(claimed.id.value) }
        return known
    }

    /// The same for a message by which this socket becomes the call's, which then is in nobody else's hands.
    func callToTakeUp(_ token: String?) throws(AuraFailure) -> Call {
        let call = try caller(token)
        if let holder = call.session, holder !== self {
            // Where that one is as good as gone, the next try finds it gone.
            holder.probe()
            throw .callInUse(call.id.value)
        }
        return call
    }

    /// The member that this socket is.
    func member() throws(AuraFailure) -> Call {
        guard let call, call.state == .joined else { throw .notInRoom }
        return call
    }

    /// The call that a message speaks for, when it is an admin's.
    func admin(_ token: String?) throws(AuraFailure) -> Call {
        let call = try caller(token)
        guard face.isAdmin(call) else { throw .notAdmin }
        return call
    }

    /// Makes a call this socket's.
    func take(_ call: Call) {
        self.call = call
        call.session = self
        face.calls.add(call)
    }

    /// Stands for nothing any more, by its own will.
    func leave() {
        if let call { abandon(call) }
    }

    /// Gives up a call that is, or was, this socket's.
    func abandon(_ call: Call) {
        // First, so that it does not hear of its own going.
        forget(call)
        switch call.state {
        case .waiting: face.endWaiting(of: call)
        case .admitted: break
        case .joined: face.endMembership(of: call)
        }
    }

    /// The socket is gone; a member has some seconds to come back by another one.
    func lose() {
        guard let call else { return }
        guard call.state == .joined else { return leave() }
        self.call = nil
        call.session = nil
        face.service.setAttended(false, call.id, in: call.room)
    }

    /// Lets go of a call that is over.
    func forget(_ call: Call) {
        face.calls.remove(call)
        call.session = nil
        if self.call === call { self.call = nil }
    }
}

nonisolated extension Identifier {
    /// The id, when it is one.
    /// - Parameter name: of the field.
    func checked(_ name: String) throws(AuraFailure) -> String {
        if let problem = Self.problem(in: text) { throw .invalid("\(name): \(problem)") }
        return text
    }
}

/// What is shown of somebody, when it can be shown.
nonisolated enum DisplayName {
    static let maximumLength = 128

    /// - Parameter name: of the field.
    static func check(_ text: String, _ name: String) throws(AuraFailure) -> String {
        guard text.unicodeScalars.prefix(maximumLength + 1).count <= maximumLength else {
            throw .invalid("\(name): has at most \(maximumLength) characters")
        }
        guard !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            throw .invalid("\(name): must not have control characters")
        }
        return text
    }
}
