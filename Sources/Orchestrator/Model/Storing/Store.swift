/// The durable record of what the model keeps: the model lives in memory, is read from here at the start, and writes
/// here what it changed.
///
/// The functions run where they are called and suspend at once; none of them blocks the caller's thread. Calls take
/// effect in the order in which they were made.
public protocol Store: Sendable {
    /// Everything that is kept but history, in the order in which it was first put.
    nonisolated(nonsending) func load() async throws(StoreError) -> StoredState

    /// Makes the changes, one after the other: all of them, durably, by the time it returns; or none of them, and it
    /// throws.
    nonisolated(nonsending) func write(_ changes: [StoreChange]) async throws(StoreError)

    /// The sessions that a query asks for, the earliest begun first.
    nonisolated(nonsending) func sessions(_ query: SessionQuery) async throws(StoreError) -> [SessionRecord]

    /// Finishes what waits to be written; later calls throw `closed`.
    nonisolated(nonsending) func close() async
}

/// Which sessions.
public struct SessionQuery: Sendable, Equatable {
    /// Of this tenant; nil: of all.
    public var tenant: TenantID?
    /// Begun at this time or later, in seconds since 1970.
    public var from: Double?
    /// Begun before this time, in seconds since 1970.
    public var until: Double?
    /// At most so many.
    public var limit: Int

    public init(tenant: TenantID? = nil, from: Double? = nil, until: Double? = nil, limit: Int = 10_000) {
        self.tenant = tenant
        self.from = from
        self.until = until
        self.limit = limit
    }
}
