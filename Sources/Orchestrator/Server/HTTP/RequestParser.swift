internal import CHTTPParser
internal import Web

/// Takes requests out of a connection's bytes, one after the other; http-parser does the reading.
///
/// It stops after each header, so that the caller can refuse a body before it is read, and after each request.
nonisolated final class RequestParser {
    struct Limits {
        var header: Int
        var target: Int
        var body: Int
    }

    enum Event {
        /// Everything was consumed, and the request is not whole yet.
        case moreNeeded
        case head(RequestHead)
        /// The request's end, with its body.
        case complete(body: [UInt8])
        case failed(RequestProblem)
    }

    private let limits: Limits
    private let parser: UnsafeMutablePointer<http_parser>
    private var settings = http_parser_settings()
    private var draft = HeadDraft()
    private var body: [UInt8] = []
    private var headBytes = 0
    private var isHeadDone = false
    private var isComplete = false
    private var problem: RequestProblem?
    /// The body is read and thrown away: the request has been refused.
    var discardsBody = false

    init(limits: Limits) {
        self.limits = limits
        parser = .allocate(capacity: 1)
        http_parser_settings_init(&settings)
        install()
        reset()
    }

    deinit { parser.deallocate() }

    /// Whether a request has begun that is not complete.
    var isWithinRequest: Bool { headBytes > 0 && !isComplete }

    /// Reads on. `consumed` bytes are done with; the rest is to be passed again, with what arrives later.
    func parse(_ input: UnsafeRawBufferPointer) -> (consumed: Int, event: Event) {
        if isComplete { reset() }
        var consumed = 0
        while consumed < input.count {
            // Never more of the header than may be, so that an endless one is noticed in time.
            let allowance = isHeadDone ? input.count : max(0, limits.header + 1 - headBytes)
            let part = UnsafeRawBufferPointer(rebasing: input[consumed...].prefix(allowance))
            let step = execute(part)
            consumed += step
            if !isHeadDone || draft.isUnread { headBytes += step }
            if let event = event(consumedAll: step == part.count) { return (consumed, event) }
        }
        return (consumed, .moreNeeded)
    }

    private func execute(_ part: UnsafeRawBufferPointer) -> Int {
        parser.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        if http_errno(parser.pointee.http_errno) == HPE_PAUSED { http_parser_pause(parser, 0) }
        let count = http_parser_execute(
            parser, &settings, part.baseAddress?.assumingMemoryBound(to: CChar.self), part.count)
        return min(count, part.count)
    }

    private func event(consumedAll: Bool) -> Event? {
        if let problem { return .failed(problem) }
        let error = http_errno(parser.pointee.http_errno)
        if isHeadDone, draft.isUnread {
            draft.isUnread = false
            do throws(RequestProblem) { return .head(try draft.head(from: parser.pointee)) } catch {
                return .failed(error)
            }
        }
        if isComplete { return .complete(body: body) }
        if error == HPE_HEADER_OVERFLOW { return .failed(.headerTooLarge(limit: limits.header)) }
        if error != HPE_OK, error != HPE_PAUSED {
            return .failed(.malformed(String(cString: http_errno_description(error))))
        }
        if !isHeadDone, headBytes > limits.header {
            return .failed(
                draft.isWithinTarget ? .targetTooLong(limit: limits.target) : .headerTooLarge(limit: limits.header))
        }
        return consumedAll ? nil : .failed(.malformed("the request cannot be read"))
    }

    private func reset() {
        http_parser_init(parser, HTTP_REQUEST)
        draft = HeadDraft()
        body = []
        headBytes = 0
        isHeadDone = false
        isComplete = false
        discardsBody = false
        problem = nil
    }

    private func install() {
        settings.on_url = { parser, bytes, count in
            RequestParser.of(parser)?.took(target: UnsafeBufferPointer(start: bytes, count: count)) ?? -1
        }
        settings.on_header_field = { parser, bytes, count in
            RequestParser.of(parser)?.took(name: UnsafeBufferPointer(start: bytes, count: count)) ?? -1
        }
        settings.on_header_value = { parser, bytes, count in
            RequestParser.of(parser)?.took(value: UnsafeBufferPointer(start: bytes, count: count)) ?? -1
        }
        settings.on_headers_complete = { parser in
            RequestParser.of(parser)?.headEnded() ?? -1
        }
        settings.on_body = { parser, bytes, count in
            RequestParser.of(parser)?.took(body: UnsafeBufferPointer(start: bytes, count: count)) ?? -1
        }
        settings.on_message_complete = { parser in
            RequestParser.of(parser)?.requestEnded() ?? -1
        }
    }

    private static func of(_ parser: UnsafeMutablePointer<http_parser>?) -> RequestParser? {
        (parser?.pointee.data).map { Unmanaged<RequestParser>.fromOpaque($0).takeUnretainedValue() }
    }

    // What the callbacks do: 0 goes on, -1 stops.

    private func took(target bytes: UnsafeBufferPointer<CChar>) -> Int32 {
        draft.target.append(contentsOf: UnsafeRawBufferPointer(bytes))
        return draft.target.count <= limits.target ? 0 : fail(.targetTooLong(limit: limits.target))
    }

    private func took(name bytes: UnsafeBufferPointer<CChar>) -> Int32 {
        if isHeadDone { return tookTrailer(bytes.count) }
        draft.append(name: UnsafeRawBufferPointer(bytes))
        return 0
    }

    private func took(value bytes: UnsafeBufferPointer<CChar>) -> Int32 {
        if isHeadDone { return tookTrailer(bytes.count) }
        draft.append(value: UnsafeRawBufferPointer(bytes))
        return 0
    }

    /// Trailer fields are not used; they count as header.
    private func tookTrailer(_ count: Int) -> Int32 {
        headBytes += count
        return headBytes <= limits.header ? 0 : fail(.headerTooLarge(limit: limits.header))
    }

    private func headEnded() -> Int32 {
        isHeadDone = true
        draft.isUnread = true
        http_parser_pause(parser, 1)
        return 0
    }

    private func took(body bytes: UnsafeBufferPointer<CChar>) -> Int32 {
        draft.bodyBytes += bytes.count
        guard draft.bodyBytes <= limits.body else { return fail(.bodyTooLarge(limit: limits.body)) }
        if !discardsBody { body.append(contentsOf: UnsafeRawBufferPointer(bytes)) }
        return 0
    }

    private func requestEnded() -> Int32 {
        isComplete = true
        http_parser_pause(parser, 1)
        return 0
    }

    private func fail(_ problem: RequestProblem) -> Int32 {
        self.problem = problem
        return -1
    }
}
