internal import CNet
internal import Dispatch
internal import Glibc
internal import Log
internal import Loop
internal import RelayProtocol
internal import Synchronization

/// Runs a worker on a thread of its own; the control thread holds the way to it.
final class WorkerThread: Sendable {
    let commands: Mailbox<WorkerCommand>
    /// Where mixing threads post what they made for this worker's listeners.
    let mixed: Mailbox<MixedSound>
    /// What peers are told of this worker's sockets.
    let candidates: [HostCandidate]

    /// What the new thread is born with.
    private final class Birth: Sendable {
        let number: Int
        let inlets: [Inlet]
        let sockets: [BoundSocket]
        let certificate: Certificate
        let cipher: CipherBackend
        let consentTimeout: Instant.Span
        let media: MediaSettings
        let events: Mailbox<(worker: Int, event: WorkerEvent)>
        let result = Mutex<(commands: Mailbox<WorkerCommand>, mixed: Mailbox<MixedSound>)?>(nil)
        let isReady = DispatchSemaphore(value: 0)

        init(
            number: Int, inlets: [Inlet], sockets: [BoundSocket], certificate: Certificate, cipher: CipherBackend,
            consentTimeout: Instant.Span, media: MediaSettings, events: Mailbox<(worker: Int, event: WorkerEvent)>
        ) {
            self.media = media
            self.number = number
            self.inlets = inlets
            self.sockets = sockets
            self.certificate = certificate
            self.cipher = cipher
            self.consentTimeout = consentTimeout
            self.events = events
        }

        func live() {
            cnet_name_thread("worker-\(number)")
            do {
                let loop = try EventLoop()
                let worker = Worker(
                    loop: loop, sockets: sockets.map { MediaSocket(descriptor: $0.descriptor, local: $0.local) },
                    certificate: certificate, cipher: cipher, consentTimeout: consentTimeout, media: media,
                    number: number, inlets: inlets
                ) { [events, number] in events.post((number, $0)) }
                try worker.start()
                let commands = try loop.mailbox(of: WorkerCommand.self) { worker.apply($0) }
                let mixed = try loop.mailbox(of: MixedSound.self) { worker.send($0) }
                result.withLock { $0 = (commands, mixed) }
                isReady.signal()
                loop.run()
                loop.close()
            } catch {
                Log.error("worker.cannot-start", ["worker": "\(number)", "error": "\(error)"])
                isReady.signal()
            }
        }
    }

    /// Starts the thread and waits until its loop runs.
    init(
        number: Int, inlets: [Inlet], sockets: [BoundSocket], certificate: Certificate, cipher: CipherBackend,
        consentTimeout: Instant.Span, media: MediaSettings, events: Mailbox<(worker: Int, event: WorkerEvent)>
    ) throws(RelayStartError) {
        let birth = Birth(
            number: number, inlets: inlets, sockets: sockets, certificate: certificate, cipher: cipher,
            consentTimeout: consentTimeout, media: media, events: events)
        var thread = pthread_t()
        let context = Unmanaged.passRetained(birth).toOpaque()
        let status = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Birth>.fromOpaque(context).takeRetainedValue().live()
                return nil
            }, context)
        guard status == 0 else {
            Unmanaged<Birth>.fromOpaque(context).release()
            throw .setUp("a worker thread")
        }
        pthread_detach(thread)
        birth.isReady.wait()
        guard let (commands, mixed) = birth.result.withLock({ $0 }) else { throw .setUp("a worker's event loop") }
        self.commands = commands
        self.mixed = mixed
        candidates = sockets.map(\.candidate)
    }
}
