internal import Foundation
import RelayControl
import RoomControl
import RoomModel
import Secrets
import Web

extension AuraFace {
    var userRoutes: [Route] {
        [
            route(.GET, "/v1/users") { [service] _ in
                .json(Wrapped("users", service.users.all.map { UserItem($0) }))
            },
            route(.POST, "/v1/users") { [self] request in
                let body = try JSONBody.decode(UserBody.self, from: request).user
                let id = try UserID(body.uuid?.checked("user.uuid") ?? UUID().uuidString.lowercased())
                let change = try await change(of: id, body)
                let user = try change.applied(to: User(id: id, username: body.username, passwordHash: ""))
                try await service.addUser(user)
                return .json(Wrapped("user", UserItem(user)), status: 201)
            },
            route(.GET, "/v1/users/:user_id") { [self] request in
                .json(Wrapped("user", UserItem(try user(try request.user()))))
            },
            route(.PUT, "/v1/users/:user_id") { [self] request in
                let id = try request.user()
                let body = try JSONBody.decode(UserBody.self, from: request).user
                _ = try user(id)
                let change = try await change(of: id, body)
                _ = try change.applied(to: try user(id))
                var refusal: AuraFailure?
                let user = try await service.changeUser(id) { user in
                    do throws(AuraFailure) { user = try change.applied(to: user) } catch { refusal = error }
                }
                if let refusal { throw refusal }
                return .json(Wrapped("user", UserItem(user)))
            },
            route(.DELETE, "/v1/users/:user_id") { [self] request in
                let id = try request.user()
                try await service.removeUser(id)
                registrations.remove(id)
                for invitation in invitations.end(id) { stopRinging(invitation, but: nil, isRefused: true) }
                return Response(status: 204)
            },
        ]
    }

    private func user(_ id: UserID) throws(AuraFailure) -> User {
        try users.user(id).orThrow(.missing("there is no user \"\(id)\""))
    }

    private func change(of id: UserID, _ body: UserBody.Fields) async throws(AuraFailure) -> UserChange {
        var change = try UserChange(body)
        guard case .value(let password) = body.password else { return change }
        guard
            let digest = SIPDigest.ha1(username: body.username, realm: settings.realm, password: password),
            let sealed = try? SealedSecret.seal(Array(digest.utf8), for: "sip-digest \(id)", with: key)
        else { throw AuraFailure(.unexpected) }
        change.password = .value((hash: try await hash(password), sealedDigest: sealed.text))
        return change
    }
}

/// What a body asks for, checked as far as that does not depend on the user as it is.
nonisolated struct UserChange {
    /// Digests are sealed: a telephone's answers are checked against them themselves.
    var password: Given<(hash: String, sealedDigest: String)>
    private let body: UserBody.Fields

    private static let maximumDevices = 100
    private static let maximumTokenBytes = 1024

    /// - Throws: 400.
    init(_ body: UserBody.Fields) throws(AuraFailure) {
        self.body = body
        switch body.password {
        case .null: password = .null
        case .absent, .value: password = .absent
        }
        guard !body.username.isEmpty else { throw .invalid("user.username: must not be empty") }
        _ = try DisplayName.check(body.username, "user.username")
        _ = try DisplayName.check(body.display_name ?? "", "user.display_name")
        _ = try body.extension?.checked("user.extension")
        guard body.devices.count <= Self.maximumDevices else {
            throw .invalid("user.devices: has at most \(Self.maximumDevices) entries")
        }
        var names: Set<String> = []
        for device in body.devices {
            guard !device.device.isEmpty else { throw .invalid("user.devices.device: must not be empty") }
            _ = try DisplayName.check(device.device, "user.devices.device")
            guard names.insert(device.device).inserted else {
                throw .invalid("user.devices: \"\(device.device)\" is there twice")
            }
            guard let token = device.device_token else { continue }
            guard (1...Self.maximumTokenBytes).contains(token.utf8.count) else {
                throw .invalid("user.devices.device_token: expected 1 to \(Self.maximumTokenBytes) bytes")
            }
        }
    }

    /// The user after the change. What cannot be read back (password, device tokens) stays where the body does not name it.
    /// - Throws: 400.
    func applied(to before: User) throws(AuraFailure) -> User {
        var user = before
        switch password {
        case .absent:
            guard before.passwordHash.isEmpty || body.username == before.username else {
                throw .invalid("user.password: is required when the username changes, being part of the SIP digest")
            }
        case .null:
            user.passwordHash = ""
            user.sealedDigest = nil
        case .value(let password):
            user.passwordHash = password.hash
            user.sealedDigest = password.sealedDigest
        }
        user.username = body.username
        user.extension = body.extension?.text
        user.displayName = body.display_name ?? ""
        user.devices = []
        for device in body.devices {
            let kept = before.devices.first { $0.name == device.device }?.tokenDigest
            guard let digest = device.device_token.map({ KeyDigest(of: $0).text }) ?? kept else {
                throw .invalid("user.devices: \"\(device.device)\" needs a device_token")
            }
            user.devices.append(Device(name: device.device, tokenDigest: digest))
        }
        return user
    }
}

extension Users {
    /// The user who has a device of that name and with that token.
    func user(device name: String, token: String) -> User? {
        let digest = KeyDigest(of: token)
        return users(withDevice: name).first { user in
            user.devices.contains { $0.name == name && KeyDigest($0.tokenDigest) == digest }
        }
    }
}
