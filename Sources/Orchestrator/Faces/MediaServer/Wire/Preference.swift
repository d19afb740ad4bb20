import RelayControl
import Web

/// The body by which a subscriber's backend says what it wants of a producer's video.
///
/// A field that is absent stays as it is, one that is null goes back to its default. Everything else about it is strict: whoever
/// misspells a field would otherwise never learn why the picture stays as it is.
nonisolated struct PreferenceBody {
    private let fields: [String: JSONValue]

    /// Of a picture that anybody encodes.
    static let sizes: ClosedRange<Int64> = 1...16384
    /// More layers than any codec has.
    static let layers: ClosedRange<Int64> = 0...15

    private static let names = ["width", "height", "layer", "paused", "priority", "mid"]

    init(_ body: JSONValue) throws(CallFailure) {
        guard case .object(let fields) = body else { throw .invalid(.body, "expected an object") }
        if let unknown = fields.keys.sorted().first(where: { !Self.names.contains($0) }) {
            throw .invalid(
                .body, "unknown field \"\(unknown.prefix(64))\"; known are \(Self.names.joined(separator: ", "))")
        }
        self.fields = fields
    }

    /// Which video it is about; nil: all of the producer's.
    func mid() throws(CallFailure) -> String? {
        guard let value = given("mid") else { return nil }
        guard case .string(let mid) = value else { throw .invalid(.mid, "expected a string or null") }
        return mid
    }

    /// What is wanted from now on.
    func apply(to preference: VideoPreference) throws(CallFailure) -> VideoPreference {
        var result = preference
        if fields["width"] != nil { result.width = try number("width", .width, in: Self.sizes) }
        if fields["height"] != nil { result.height = try number("height", .height, in: Self.sizes) }
        if fields["layer"] != nil { result.layer = try layer() }
        if fields["priority"] != nil {
            let range = Int64(VideoPreference.priorities.lowerBound)...Int64(VideoPreference.priorities.upperBound)
            result.priority = try number("priority", .priority, in: range) ?? VideoPreference.defaultPriority
        }
        if let paused = fields["paused"] {
            switch paused {
            case .bool(let value): result.isPaused = value
            case .null: result.isPaused = false
            default: throw .invalid(.paused, "expected true, false or null")
            }
        }
        // A size and a layer are two ways to say the same: the one that is given takes the other's place.
        let givesSize = given("width") != nil || given("height") != nil
        if givesSize, given("layer") != nil {
            throw .invalid(.layer, "either a layer or a size (width, height), not both")
        }
        if givesSize { result.layer = nil }
        if given("layer") != nil { (result.width, result.height) = (nil, nil) }
        return result
    }

    /// What is there and not null.
    private func given(_ name: String) -> JSONValue? {
        if let value = fields[name], value != .null { value } else { nil }
    }

    private func number(_ name: String, _ field: CallFailure.Field, in range: ClosedRange<Int64>) throws(CallFailure)
        -> Int?
    {
        guard let value = given(name) else { return nil }
        return try Self.number(value, name, field, in: range)
    }

    private static func number(
        _ value: JSONValue, _ name: String, _ field: CallFailure.Field, in range: ClosedRange<Int64>
    ) throws(CallFailure) -> Int {
        guard case .integer(let number) = value, range.contains(number) else {
            throw .invalid(
                field, "\(name): expected a whole number from \(range.lowerBound) to \(range.upperBound), or null")
        }
        return Int(number)
    }

    /// `"h"`, which is `{"rid": "h"}`, or an object.
    private func layer() throws(CallFailure) -> LayerLimit? {
        guard let value = given("layer") else { return nil }
        if case .string(let rid) = value { return LayerLimit(encoding: .rid(try Self.checked(rid))) }
        guard case .object(let parts) = value else {
            throw .invalid(.layer, "expected a rid, an object or null")
        }
        let known = ["rid", "encoding", "spatial", "temporal"]
        if let unknown = parts.keys.sorted().first(where: { !known.contains($0) }) {
            throw .invalid(
                .layer, "unknown field \"\(unknown.prefix(64))\"; known are \(known.joined(separator: ", "))")
        }
        var limit = LayerLimit()
        if let rid = parts["rid"], rid != .null {
            guard case .string(let text) = rid else { throw .invalid(.layer, "layer.rid: expected a string or null") }
            limit.encoding = .rid(try Self.checked(text))
        }
        if let encoding = parts["encoding"], encoding != .null {
            guard limit.encoding == nil else { throw .invalid(.layer, "either rid or encoding, not both") }
            limit.encoding = .rank(try Self.number(encoding, "layer.encoding", .layer, in: Self.layers))
        }
        if let spatial = parts["spatial"], spatial != .null {
            limit.spatial = try Self.number(spatial, "layer.spatial", .layer, in: Self.layers)
        }
        if let temporal = parts["temporal"], temporal != .null {
            limit.temporal = try Self.number(temporal, "layer.temporal", .layer, in: Self.layers)
        }
        guard limit != LayerLimit() else {
            throw .invalid(.layer, "names no layer; null takes away what was asked for")
        }
        return limit
    }

    private static func checked(_ rid: String) throws(CallFailure) -> String {
        guard (1...255).contains(rid.utf8.count) else { throw .invalid(.layer, "a rid has 1 to 255 characters") }
        return rid
    }
}

/// What holds for a producer's video, all of it.
nonisolated struct PreferenceItem: JSONWritable {
    /// The producer's.
    var id: String
    var preference: VideoPreference

    func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("height", orNull: preference.height)
            $0.field("id", id)
            $0.field("layer", orNull: preference.layer.map { LayerLimitItem(limit: $0) })
            $0.field("mid", orNull: preference.mid)
            $0.field("paused", preference.isPaused)
            $0.field("priority", preference.priority)
            $0.field("width", orNull: preference.width)
        }
    }
}

private nonisolated struct LayerLimitItem: JSONWritable {
    var limit: LayerLimit

    func write(to writer: inout JSONWriter) {
        var (rid, rank): (String?, Int?)
        switch limit.encoding {
        case .rid(let name): rid = name
        case .rank(let number): rank = number
        case nil: break
        }
        writer.object {
            $0.field("encoding", orNull: rank)
            $0.field("rid", orNull: rid)
            $0.field("spatial", orNull: limit.spatial)
            $0.field("temporal", orNull: limit.temporal)
        }
    }
}
