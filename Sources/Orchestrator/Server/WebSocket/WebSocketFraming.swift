internal import CWslay
internal import Glibc

/// One WebSocket's frames, server side, between bytes and messages; wslay does the work: fragments, masks, UTF-8,
/// pongs, the closing handshake, and closing with the fitting code whatever breaks the rules.
nonisolated final class WebSocketFraming {
    /// Called within `receive` for each whole text message; what it sends goes out after those before it and before a
    /// closing frame that is still to be read.
    var onText: ((String) -> Void)?

    private var context: wslay_event_context_ptr?
    private var input: [UInt8] = []
    private var inputRead = 0
    private var output: [UInt8] = []
    private var isBroken = false
    private let tooLongMessage: String?

    /// - Parameters:
    ///   - maximumMessageBytes: a longer message closes with 1009.
    ///   - tooLongMessage: goes out before that.
    init(maximumMessageBytes: Int, tooLongMessage: String? = nil) {
        self.tooLongMessage = tooLongMessage
        var callbacks = wslay_event_callbacks()
        callbacks.recv_callback = { context, buffer, length, _, data in
            WebSocketFraming.of(data)?.read(into: buffer, length, context) ?? -1
        }
        callbacks.send_callback = { _, bytes, length, _, data in
            WebSocketFraming.of(data)?.output.append(contentsOf: UnsafeBufferPointer(start: bytes, count: length))
            return length
        }
        callbacks.on_msg_recv_callback = { context, message, data in
            guard let message else { return }
            WebSocketFraming.of(data)?.took(message.pointee, context)
        }
        let code = wslay_event_context_server_init(&context, &callbacks, Unmanaged.passUnretained(self).toOpaque())
        isBroken = code != 0
        if code == 0 { wslay_event_config_set_max_recv_msg_length(context, UInt64(clamping: maximumMessageBytes)) }
    }

    deinit {
        if let context { wslay_event_context_free(context) }
    }

    /// Both closing frames have passed, or nothing sensible can follow; what is in the output is the last of it.
    var isOver: Bool {
        guard let context, !isBroken else { return true }
        return wslay_event_get_close_sent(context) != 0
            && (wslay_event_get_close_received(context) != 0 || wslay_event_get_read_enabled(context) == 0)
    }

    var isClosing: Bool { context.map { wslay_event_get_close_sent($0) != 0 } ?? true }

    /// What arrived. Not to be called from `onText`.
    func receive(_ bytes: [UInt8]) {
        guard let context, !isBroken else { return }
        input = bytes
        inputRead = 0
        let wasClosing = isClosing
        if wslay_event_recv(context) != 0 { isBroken = true }
        input = []
        let end = output.count
        flush()
        if !wasClosing, isClosing, wslay_event_get_status_code_sent(context) == Self.messageTooBig {
            // wslay has queued the closing frame already, and takes nothing behind it.
            output.insert(contentsOf: tooLongMessage.map(Self.textFrame) ?? [], at: end)
        }
    }

    /// RFC 6455, section 7.4.1.
    private static let messageTooBig: UInt16 = 1009

    /// One whole message as the frame that a server sends (RFC 6455, section 5.2), of at most 65,535 bytes.
    private static func textFrame(_ text: String) -> [UInt8] {
        let payload = Array(text.utf8)
        guard let length = UInt16(exactly: payload.count) else { return [] }
        let header: [UInt8] =
            length < 126
            ? [0x81, UInt8(truncatingIfNeeded: length)]
            : [0x81, 126, UInt8(truncatingIfNeeded: length >> 8), UInt8(truncatingIfNeeded: length)]
        return header + payload
    }

    func send(text: String) {
        var text = text
        text.withUTF8 { queue(WSLAY_TEXT_FRAME, $0) }
    }

    func ping() { queue(WSLAY_PING, UnsafeBufferPointer(start: nil, count: 0)) }

    /// Queues the closing frame. A code that may not be sent becomes 1000; the reason is cut to 123 bytes.
    func close(code: UInt16, reason: String) {
        guard let context, !isBroken else { return }
        let isAllowed = (1000...1003).contains(code) || (1007...1011).contains(code) || (3000...4999).contains(code)
        var reason = reason
        while reason.utf8.count > 123 { reason.removeLast() }
        let bytes = Array(reason.utf8)
        wslay_event_queue_close(context, isAllowed ? code : 1000, bytes, bytes.count)
        flush()
    }

    /// What is to go to the network.
    func takeOutput() -> [UInt8] {
        defer { output = [] }
        return output
    }

    private func queue(_ opcode: wslay_opcode, _ bytes: UnsafeBufferPointer<UInt8>) {
        guard let context, !isBroken else { return }
        var message = wslay_event_msg(
            opcode: UInt8(truncatingIfNeeded: opcode.rawValue), msg: bytes.baseAddress, msg_length: bytes.count)
        wslay_event_queue_msg(context, &message)  // refused once the closing frame is queued, and then it is of no use
        flush()
    }

    private func flush() {
        guard let context else { return }
        if wslay_event_send(context) != 0 { isBroken = true }
    }

    private func read(into buffer: UnsafeMutablePointer<UInt8>?, _ length: Int, _ context: wslay_event_context_ptr?)
        -> Int
    {
        let count = min(length, input.count - inputRead)
        guard count > 0, let buffer else {
            wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK.rawValue)
            return -1
        }
        input.withUnsafeBufferPointer { source in
            if let base = source.baseAddress { buffer.update(from: base + inputRead, count: count) }
        }
        inputRead += count
        return count
    }

    private func took(_ message: wslay_event_on_msg_recv_arg, _ context: wslay_event_context_ptr?) {
        switch UInt32(message.opcode) {
        case WSLAY_TEXT_FRAME.rawValue:
            let bytes = UnsafeBufferPointer(start: message.msg, count: message.msg_length)
            onText?(String(decoding: bytes, as: UTF8.self))
        case WSLAY_BINARY_FRAME.rawValue:
            wslay_event_queue_close(context, 1003, nil, 0)
        default: break
        }
        // At once: a closing frame that follows in the same bytes would otherwise overtake what is queued.
        flush()
    }

    private static func of(_ data: UnsafeMutableRawPointer?) -> WebSocketFraming? {
        data.map { Unmanaged<WebSocketFraming>.fromOpaque($0).takeUnretainedValue() }
    }
}
