/// Finds the route of a path and method.
public struct Router {
    /// What a path and method lead to.
    public enum Match {
        /// `parameters` are the values of the pattern's `:name` segments, `face` whose route it is (nil: the caller's own).
        case route(Route, parameters: [String: String], face: (any Face)?)
        /// The path is known, the method is not; `allowed` is not empty.
        case methodNotAllowed(allowed: [Request.Method], face: (any Face)?)
        case notFound
    }

    private struct Entry {
        var route: Route
        /// The names of the `:name` segments, in order.
        var names: [String]
        var face: (any Face)?
    }

    private struct Node {
        var literals: [String: Node] = [:]
        /// What a `:name` segment leads to; an array because a value cannot hold itself.
        var parameter: [Node] = []
        var entries: [Entry] = []
    }

    private var root = Node()

    /// Of two routes with the same method and pattern the later one is ignored: own routes come first, then the faces'
    /// in their order.
    public init(faces: [any Face] = [], routes: [Route] = []) {
        for route in routes { add(route, face: nil) }
        for face in faces {
            for route in face.routes { add(route, face: face) }
        }
    }

    private mutating func add(_ route: Route, face: (any Face)?) {
        let segments = route.pattern.split(separator: "/").map(String.init)
        let names = segments.filter { $0.hasPrefix(":") }.map { String($0.dropFirst()) }
        Self.insert(Entry(route: route, names: names, face: face), at: segments[...], in: &root)
    }

    private static func insert(_ entry: Entry, at segments: ArraySlice<String>, in node: inout Node) {
        guard let first = segments.first else {
            if !node.entries.contains(where: { $0.route.method == entry.route.method }) { node.entries.append(entry) }
            return
        }
        if first.hasPrefix(":") {
            if node.parameter.isEmpty { node.parameter.append(Node()) }
            insert(entry, at: segments.dropFirst(), in: &node.parameter[0])
        } else {
            insert(entry, at: segments.dropFirst(), in: &node.literals[first, default: Node()])
        }
    }

    /// `method` is nil for one that no route can have. HEAD is served by GET's route. A `:name` segment takes any value
    /// but the empty one.
    public func match(_ method: Request.Method?, _ segments: [String]) -> Match {
        var found: [(entry: Entry, values: [String])] = []
        collect(root, segments[...], values: [], into: &found)
        let wanted =
            found.first { $0.entry.route.method == method }
            ?? (method == .HEAD ? found.first { $0.entry.route.method == .GET } : nil)
        if let (entry, values) = wanted {
            let parameters = Dictionary(zip(entry.names, values)) { _, last in last }
            return .route(entry.route, parameters: parameters, face: entry.face)
        }
        guard let first = found.first else { return .notFound }
        return .methodNotAllowed(allowed: allowed(found.map(\.entry.route.method)), face: first.entry.face)
    }

    /// Every route that fits the path, those with literal segments first.
    private func collect(
        _ node: Node, _ segments: ArraySlice<String>, values: [String],
        into found: inout [(entry: Entry, values: [String])]
    ) {
        guard let first = segments.first else {
            for entry in node.entries { found.append((entry, values)) }
            return
        }
        if let next = node.literals[first] { collect(next, segments.dropFirst(), values: values, into: &found) }
        if !first.isEmpty, let next = node.parameter.first {
            collect(next, segments.dropFirst(), values: values + [first], into: &found)
        }
    }

    private func allowed(_ methods: [Request.Method]) -> [Request.Method] {
        var set = Set(methods)
        if set.contains(.GET) { set.insert(.HEAD) }
        set.insert(.OPTIONS)
        return Request.Method.allCases.filter(set.contains)
    }
}
