internal import CUV

extension EventLoop {
    /// Runs `work`, which may block, on libuv's thread pool (4 threads, or `UV_THREADPOOL_SIZE`), then `completion`
    /// with its result on the loop. A loop that closes first waits for the work and drops the result.
    public func offload<Result: Sendable>(
        _ work: @escaping @Sendable () -> Result, then completion: @escaping (Result) -> Void
    ) {
        guard (try? registry.checkOpen("offload")) != nil else { return }
        let job = OffloadedJob(
            loop: self, work: { box in box.store(work()) },
            finish: { box in
                if let result = box.take(as: Result.self) { completion(result) }
            })
        registry.keep(job)
        let request = UnsafeMutablePointer<uv_work_t>.allocate(capacity: 1)
        request.pointee.data = Unmanaged.passRetained(job).toOpaque()
        uv_queue_work(
            uv, request,
            { request in
                guard let data = request?.pointee.data else { return }
                Unmanaged<OffloadedJob>.fromOpaque(data).takeUnretainedValue().perform()
            },
            { request, status in
                guard let request, let data = request.pointee.data else { return }
                let job = Unmanaged<OffloadedJob>.fromOpaque(data).takeRetainedValue()
                request.deallocate()
                if status == 0 { job.finish() }
            })
    }
}

/// One piece of blocking work on its way through the pool. The pool's thread touches `work` and `box` only, and the
/// loop's thread looks at them only after it; libuv's queue orders the two.
private final class OffloadedJob: LoopHandle {
    private let registry: HandleRegistry
    private let work: @Sendable (ResultBox) -> Void
    private var completion: ((ResultBox) -> Void)?
    private let box = ResultBox()

    init(loop: EventLoop, work: @escaping @Sendable (ResultBox) -> Void, finish: @escaping (ResultBox) -> Void) {
        registry = loop.registry
        self.work = work
        completion = finish
    }

    func perform() { work(box) }

    func finish() {
        let completion = completion
        cancel()
        completion?(box)
    }

    /// The work itself goes on; nobody hears of its result.
    func cancel() {
        guard completion != nil else { return }
        completion = nil
        registry.forget(self)
    }
}

private final class ResultBox {
    private var value: (any Sendable)?
    func store(_ result: some Sendable) { value = result }
    func take<Result: Sendable>(as: Result.Type) -> Result? { value as? Result }
}
