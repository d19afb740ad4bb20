internal import CUV

/// One open libuv handle of a loop.
protocol LoopHandle: AnyObject {
    /// Closes the handle; no callback comes after it. Calling it again has no effect.
    func cancel()
}

/// The open handles of one loop. They hold on to it and not to the `EventLoop`, so that its `deinit` can cancel them.
final class HandleRegistry {
    let uv: UnsafeMutablePointer<uv_loop_t>
    private(set) var isClosed = false
    private var live: [ObjectIdentifier: any LoopHandle] = [:]

    init(uv: UnsafeMutablePointer<uv_loop_t>) { self.uv = uv }

    func keep(_ handle: any LoopHandle) { live[ObjectIdentifier(handle)] = handle }
    func forget(_ handle: any LoopHandle) { live[ObjectIdentifier(handle)] = nil }

    /// A closed loop takes no new handles.
    func checkOpen(_ operation: String) throws(LoopError) {
        if isClosed { throw .system(operation: operation, code: UV_ECANCELED.rawValue) }
    }

    func close() {
        isClosed = true
        while let (_, handle) = live.first {
            handle.cancel()
            forget(handle)
        }
    }
}

/// The C handle behind a Swift object. libuv wants the memory until its close callback, which may come after the
/// object is gone; so the memory is freed there and not with the object.
struct OwnedHandle<C> {
    private(set) var pointer: UnsafeMutablePointer<C>?

    /// Allocates the memory and lets `initialise` hand it to libuv; frees it when libuv refuses.
    init(
        _ operation: String, initialise: (UnsafeMutablePointer<C>) -> Int32
    ) throws(LoopError) {
        let memory = UnsafeMutablePointer<C>.allocate(capacity: 1)
        let code = initialise(memory)
        if code < 0 {
            memory.deallocate()
            throw .system(operation: operation, code: code)
        }
        pointer = memory
    }

    /// Makes the handle's callbacks find `object`, which the loop must keep alive.
    func attach(_ object: AnyObject) {
        base?.pointee.data = Unmanaged.passUnretained(object).toOpaque()
    }

    /// Closes the handle once; false when it was closed already.
    mutating func close() -> Bool {
        guard let base else { return false }
        pointer = nil
        base.pointee.data = nil
        uv_close(base) { UnsafeMutableRawPointer($0)?.deallocate() }
        return true
    }

    private var base: UnsafeMutablePointer<uv_handle_t>? {
        pointer.map { UnsafeMutableRawPointer($0).assumingMemoryBound(to: uv_handle_t.self) }
    }
}

/// The Swift object that `attach` put behind a handle.
func attached<C, Object: AnyObject>(_ handle: UnsafeMutablePointer<C>?, as: Object.Type = Object.self) -> Object? {
    guard let handle else { return nil }
    let base = UnsafeMutableRawPointer(handle).assumingMemoryBound(to: uv_handle_t.self)
    return base.pointee.data.map { Unmanaged<Object>.fromOpaque($0).takeUnretainedValue() }
}
