internal import Loop

/// A connection's bytes, with or without TLS. Its owner sets the callbacks and starts it.
final class Transport {
    /// What arrived, in the clear.
    var onBytes: (([UInt8]) -> Void)?
    /// The peer sends nothing any more; `broken` when it takes nothing any more either.
    var onEnd: ((_ broken: Bool) -> Void)?
    /// Everything sent is in the kernel's hands.
    var onDrained: (() -> Void)?

    private let stream: TCPStream
    private let tls: TLSSession?
    private var isFinished = false

    init(stream: TCPStream, tls: TLSSession?) {
        self.stream = stream
        self.tls = tls
    }

    var remoteAddress: String { stream.remoteAddress }
    var pendingBytes: Int { stream.pendingBytes }
    var isOpen: Bool { stream.isOpen }

    func start() {
        stream.onRead = { [weak self] bytes in self?.received(Array(bytes)) }
        stream.onEnd = { [weak self] error in self?.onEnd?(error != nil) }
        stream.onDrained = { [weak self] in self?.onDrained?() }
        stream.startReading()
    }

    func stopReading() { stream.stopReading() }
    func startReading() { stream.startReading() }

    private func received(_ bytes: [UInt8]) {
        guard let tls else {
            onBytes?(bytes)
            return
        }
        let step = tls.receive(bytes)
        stream.write(tls.takeOutput())
        if !step.plaintext.isEmpty { onBytes?(step.plaintext) }
        switch step.state {
        case .open: break
        case .ended: onEnd?(false)
        case .failed: onEnd?(true)
        }
    }

    func send(_ bytes: [UInt8]) {
        guard let tls else { return stream.write(bytes) }
        tls.send(bytes)
        stream.write(tls.takeOutput())
    }

    /// Ends the sending side after what was sent.
    func finish() {
        guard !isFinished else { return }
        isFinished = true
        if let tls {
            tls.end()
            stream.write(tls.takeOutput())
        }
        stream.shutdown()
    }

    func close() {
        onBytes = nil
        onEnd = nil
        onDrained = nil
        stream.cancel()
    }
}
