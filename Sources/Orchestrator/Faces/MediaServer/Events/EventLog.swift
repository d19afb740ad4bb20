import RelayControl

/// The last events of all rooms, numbered, so that a client that lost its connection can go on where it was.
///
/// Pure: it is told texts and hands them back. Besides the count the kept bytes are bounded too, because one event of a
/// large room carries an SDP offer for everybody in it.
struct EventLog {
    struct Entry {
        var room: RoomID
        /// The event as one line of JSON.
        var text: String
        /// Whether this is the room's end, after which a stream of this room has nothing more to say.
        var endsRoom: Bool
    }

    let capacity: Int
    let maximumBytes: Int
    /// Marks this process: numbers of another one mean nothing here.
    let instance: String

    /// The number of the oldest event that is kept.
    private(set) var oldest = 1
    /// The number that the next event will get.
    private(set) var next = 1
    private(set) var bytes = 0
    /// The entry of number n is at n modulo the capacity.
    private var slots: [Entry?]

    init(instance: String, capacity: Int = 1_000, maximumBytes: Int = 64 << 20) {
        self.instance = instance
        self.capacity = capacity
        self.maximumBytes = maximumBytes
        slots = Array(repeating: nil, count: capacity)
    }

    mutating func append(_ entry: Entry) {
        while next - oldest >= capacity || (next > oldest && bytes + entry.text.utf8.count > maximumBytes) {
            bytes -= slots[oldest % capacity]?.text.utf8.count ?? 0
            slots[oldest % capacity] = nil
            oldest += 1
        }
        slots[next % capacity] = entry
        bytes += entry.text.utf8.count
        next += 1
    }

    /// Nil where the number is not kept (any more, or yet).
    subscript(number: Int) -> Entry? {
        oldest <= number && number < next ? slots[number % capacity] : nil
    }

    /// What a client sees as the event's id.
    func id(of number: Int) -> String { "\(instance)-\(number)" }

    /// The number of an id that this process gave out; nil for anything else.
    func number(of id: String) -> Int? {
        guard id.hasPrefix(instance + "-"), let number = Int(id.dropFirst(instance.count + 1)),
            (0..<next).contains(number)
        else { return nil }
        return number
    }
}
