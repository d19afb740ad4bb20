/// Why a store could not do what it was asked; where that was a write, nothing of it was kept.
public enum StoreError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file cannot be opened, or made.
    case cannotOpen(file: String, reason: String)
    /// It was written by a later version of Switchyard, which knows schema `found`; this one knows `known`.
    case newerSchema(file: String, found: Int, known: Int)
    /// It is not a store, or not a whole one any more.
    case corrupt(file: String, reason: String)
    /// The disk is full.
    case full(file: String)
    case readOnly(file: String)
    /// Another process keeps writing to it.
    case busy(file: String)
    /// Anything else that went wrong.
    case failed(file: String, reason: String)
    /// More changes wait to be written than may.
    case overloaded
    /// The server is ending.
    case closed

    public var description: String {
        switch self {
        case .cannotOpen(let file, let reason): "cannot open \(file): \(reason)"
        case .newerSchema(let file, let found, let known):
            "\(file) was written by a later version of Switchyard (its schema is \(found), this version knows up to "
                + "\(known)); run that version, or put back a backup from before"
        case .corrupt(let file, let reason): "\(file) is damaged (\(reason)); put back a backup"
        case .full(let file): "cannot write \(file): the disk is full"
        case .readOnly(let file): "cannot write \(file): it may only be read"
        case .busy(let file): "cannot write \(file): another process keeps it locked"
        case .failed(let file, let reason): "\(file): \(reason)"
        case .overloaded: "too many changes wait to be written"
        case .closed: "the store is closed"
        }
    }
}
