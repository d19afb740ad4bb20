/// Why an offer or an answer was refused. Whoever throws it has changed nothing.
public enum NegotiationError: Error, Equatable, Sendable {
    /// The description cannot be used; the text says what is wrong and where.
    case unusable(String)
    /// An answer to an offer that a newer one has replaced, or no offer is open.
    case superseded
    /// The m-lines of an answer (count, mids, kinds) do not fit the latest offer.
    case mismatch(String)
    /// A video was wanted on an m-line of the offer that cannot carry one; the text says why.
    case unusableLine(mid: String, reason: String)

    static func unusable(_ error: SDPError) -> NegotiationError { .unusable(error.description) }
}

extension SessionDescription {
    /// Parses for a negotiation.
    init(negotiating text: String, limits: Limits) throws(NegotiationError) {
        do { try self.init(parsing: text, limits: limits) } catch { throw .unusable(error) }
        var seen = Set<String>()
        for (index, section) in media.enumerated() {
            guard let mid = section.mid else { continue }
            guard mid.isToken, mid.utf8.count <= 64 else {
                throw .unusable("m-line \(index + 1): a=mid:\(mid.excerpt) is not a token of at most 64 characters")
            }
            guard seen.insert(mid).inserted else {
                throw .unusable("m-line \(index + 1): a=mid:\(mid.excerpt) is given twice")
            }
        }
    }
}

extension RTPMedia {
    init(negotiating media: MediaDescription) throws(NegotiationError) {
        do { try self.init(media) } catch { throw .unusable(error) }
    }
}

extension MediaDescription {
    /// How messages name an m-section.
    func name(at index: Int) -> String { "m-line \(index + 1) (\(kind)\(mid.map { ", mid \($0.excerpt)" } ?? ""))" }

    /// Whether it is RTP over DTLS-SRTP, in any of the spellings of RFC 8829, section 5.1.2.
    var isSecureRTP: Bool {
        ["UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "TCP/DTLS/RTP/SAVPF", "TCP/DTLS/RTP/SAVP", "RTP/SAVPF", "RTP/SAVP"]
            .contains(transport)
    }
}
