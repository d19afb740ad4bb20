/// What `switchyard version` and `/version` say.
enum Version {
    static let text = "0.2.0"
}
