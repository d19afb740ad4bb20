import FoundationEssentials

/// Names one run of the server, so that backends notice that it was restarted and live media is gone.
enum InstanceID {
    static func make() -> String { UUID().uuidString.lowercased() }
}
