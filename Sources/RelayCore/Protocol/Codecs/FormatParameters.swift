/// Format parameters of a codec (`a=fmtp`), in the order in which they were written.
///
/// Keys compare without regard to case; spaces around `;` are dropped. A part without `=` (RED's `111/111`) is a key
/// with an empty value.
public struct FormatParameters: Sendable, Hashable {
    private var pairs: [Pair]

    private struct Pair: Sendable, Hashable {
        var key: String
        var value: String?
    }

    public init(_ text: String = "") {
        pairs = text.fields(by: UInt8(ascii: ";")).compactMap { part in
            let (key, value) = part.trimmed().cut(at: UInt8(ascii: "="))
            return key.isEmpty ? nil : Pair(key: key.trimmed(), value: value?.trimmed())
        }
    }

    /// The first value under the key; setting nil removes it.
    public subscript(key: String) -> String? {
        get {
            let wanted = key.lowercased()
            return pairs.first { $0.key.lowercased() == wanted }.map { $0.value ?? "" }
        }
        set {
            let wanted = key.lowercased()
            if let index = pairs.firstIndex(where: { $0.key.lowercased() == wanted }) {
                if let newValue { pairs[index].value = newValue } else { pairs.remove(at: index) }
            } else if let newValue {
                pairs.append(Pair(key: key, value: newValue))
            }
        }
    }

    /// The parameters under the keys given, in the order in which they stand here.
    public func only(_ keys: Set<String>) -> FormatParameters {
        var result = self
        result.pairs = pairs.filter { keys.contains($0.key.lowercased()) }
        return result
    }

    public var isEmpty: Bool { pairs.isEmpty }

    /// `key=value` joined by `;`.
    public var text: String {
        pairs.map { pair in pair.value.map { "\(pair.key)=\($0)" } ?? pair.key }.joined(separator: ";")
    }
}
